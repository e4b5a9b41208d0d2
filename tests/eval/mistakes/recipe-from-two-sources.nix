# refused: hearth.apps.shop.recipe: a recipe is either a folder or in git.
{
  hearth.apps.shop.recipe = {
    folder = ../../recipes/hello;
    git.url = "https://git.example.org/shop";
    version = "1.0.0+1.0";
  };
}
