# refused: hearth.apps.shop.recipe.git.sshKeyFile is for repositories that are reached through ssh.
{
  hearth.apps.shop.recipe = {
    git.url = "https://git.example.org/shop";
    git.sshKeyFile = "/run/hearth/secrets/key";
    policy = "patch";
  };
}
