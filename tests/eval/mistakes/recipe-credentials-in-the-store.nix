# refused: is not of type `null or absolute path outside the Nix store
{
  hearth.apps.shop.recipe = {
    git.url = "https://git.example.org/shop";
    git.credentialsFile = ./run;
    policy = "patch";
  };
}
