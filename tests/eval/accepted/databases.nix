# Two databases on one server, one of them with everything that can be said.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    databases.shop = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
      owner = "shop_migrations";
      app = "shop_web";
      appMay = [
        "SELECT"
        "INSERT"
      ];
      leave = [ "public.audit_log" ];
      extensions = [ "pg_trgm" ];
    };
    databases.wiki = {
      ownerPasswordSecret = "miniflux_db_password";
      appPasswordSecret = "miniflux_admin_password";
    };
    image.name = "registry.example.org/postgres:17";
    pooler.image = {
      name = "registry.example.org/pgbouncer:1.24";
      archive = null;
    };
  };
}
