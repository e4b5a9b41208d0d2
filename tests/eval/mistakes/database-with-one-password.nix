# refused: hearth.postgres.databases.shop: owner and app have the same password, so that whoever has the app's is the owner. Give each its own secret.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_db_password";
    };
  };
}
