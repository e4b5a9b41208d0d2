# warned: The option `hearth.databases.databases' defined in
{
  hearth.databases = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    maxConnections = 50;
    pooler.poolSize = 10;
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
    };
  };
}
