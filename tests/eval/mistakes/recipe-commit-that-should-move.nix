# refused: hearth.apps.shop.recipe: a commit is no version that others are newer than.
{
  hearth.apps.shop.recipe = {
    git.url = "https://git.example.org/shop";
    version = "0123456789012345678901234567890123456789";
    policy = "patch";
  };
}
