# refused: hearth.postgres.databases: the role shop_owner is given twice, or is the server's own. Give the owner and the app of each database a name of their own.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
      app = "shop_owner";
    };
  };
}
