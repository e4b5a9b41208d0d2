# refused: hearth.postgres.databases.shop.appPasswordSecret names `shop_password`, which is not declared. Add hearth.secrets.entries.shop_password, or correct the name.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "shop_password";
    };
  };
}
