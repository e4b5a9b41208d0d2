# refused: is not of type `one of "pinned", "patch", "minor", "latest"
{
  hearth.apps.shop.recipe = {
    git.url = "https://git.example.org/shop";
    policy = "newest";
  };
}
