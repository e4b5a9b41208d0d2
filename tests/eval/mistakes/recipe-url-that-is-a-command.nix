# refused: is not of type `null or address of a git repository without a password in it
{
  hearth.apps.shop.recipe = {
    git.url = "ext::sh -c id";
    policy = "patch";
  };
}
