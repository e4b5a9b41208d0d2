# refused: hearth.postgres.databases: the role postgres is given twice, or is the server's own.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
      app = "postgres";
    };
  };
}
