# refused: hearth.apps.miniflux.gate.migrations.database.app: for a superuser no right is ever missing.
{
  hearth.apps.miniflux.gate.migrations = {
    database = {
      name = "miniflux";
      owner = "miniflux";
      app = "postgres";
    };
    migrate.command = [ "migrate" ];
  };
}
