# refused: hearth.postgres.databases.Shop-2: a database's name is made of a-z, 0-9 and `_`, the first a letter, and is none of the server's own. Rename it.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.Shop-2 = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
    };
  };
}
