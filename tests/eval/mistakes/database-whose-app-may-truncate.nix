# refused: hearth.postgres.databases.shop.appMay
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
      appMay = [ "TRUNCATE" ];
    };
  };
}
