# refused: hearth.apps.shop.recipe.git.credentialsFile is for repositories at https://.
{
  hearth.apps.shop.recipe = {
    git.url = "git@git.example.org:shop";
    git.credentialsFile = "/run/hearth/secrets/forge";
    policy = "patch";
  };
}
