# refused: what the app asks of its database is seen only while it runs. Set hearth.apps.miniflux.gate.migrations.probe.
{
  hearth.apps.miniflux.gate.migrations = {
    database = {
      name = "miniflux";
      owner = "miniflux_owner";
      app = "miniflux";
    };
    migrate.command = [ "migrate" ];
    pooled = [ "app" ];
  };
}
