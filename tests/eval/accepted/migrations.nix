# Migrations that are tried in a scratch database, which goes also when its trial is killed.
{ config, lib, ... }:
let
  stopPost = name: config.systemd.services."hearth-app-${name}".serviceConfig.ExecStopPost or null;
in
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
  assertions = [
    {
      assertion = lib.hasSuffix "/bin/check-migrations --clear /etc/hearth/apps/miniflux.json" (toString (stopPost "miniflux"));
      message = "a trial that is killed stays";
    }
    {
      assertion = stopPost "hello" == null;
      message = "an app that tries no migrations runs a command more than it needs";
    }
  ];
}
