# refused: hearth.apps.shop.recipe: a folder has no versions.
{
  hearth.apps.shop.recipe = {
    folder = ../../recipes/hello;
    policy = "minor";
  };
}
