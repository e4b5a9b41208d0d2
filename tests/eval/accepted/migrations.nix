# Migrations that are tried in a scratch database.
{
  hearth.apps.miniflux.gate.migrations = {
    database = {
      name = "miniflux";
      owner = "miniflux_owner";
      app = "miniflux";
    };
    migrate = {
      command = [
        "/usr/bin/miniflux"
        "-migrate"
      ];
      files."/database_url" = "{{url}}";
    };
    probe = {
      port = 8080;
      files."/database_url" = "{{url}}";
      requests = [ { path = "/healthcheck"; } ];
    };
    budget.lockMilliseconds = 2000;
    pooled = [ "app" ];
  };
}
