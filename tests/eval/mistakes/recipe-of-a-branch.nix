# refused: is not of type `null or version of a recipe such as 10.7.1+26.6.2
{
  hearth.apps.shop.recipe = {
    git.url = "https://git.example.org/shop";
    version = "main";
  };
}
