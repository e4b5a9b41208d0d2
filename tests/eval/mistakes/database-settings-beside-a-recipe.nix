# refused: hearth.postgres.settings and pooler.settings: hearth.apps.databases has a recipe of your own, which does not get them. Put the settings into that recipe, or take it away.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings.shared_buffers = "1GB";
  };
  hearth.apps.databases.recipe = ../../recipes/hello;
}
