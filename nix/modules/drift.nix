# One look at all apps of the host with one call to the engine; only those that differ from what is declared are started.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.drift;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  apps = lib.attrNames (lib.filterAttrs (_: app: app.enable) config.hearth.apps);
  declaredOf = name: config.environment.etc."hearth/apps/${name}.json".source.content;
in
{
  options.hearth.drift.interval = lib.mkOption {
    type = hearth.types.duration;
    default = "5min";
    description = ''
      How long a change made by hand (a service removed, scaled or edited, a network or rendered secret removed) may last before
      it is put right. A look that finds nothing costs milliseconds; shorten it where drift must not last, lengthen it to
      have time for experiments by hand.
    '';
  };

  config = lib.mkIf (config.hearth.enable && apps != [ ]) {
    systemd.timers.hearth-drift = hearth.unit.timer "Look for apps that differ from what is declared every ${cfg.interval}";
    systemd.services.hearth-drift = {
      description = "Start the reconcile of each app that differs from what is declared";
      requires = [ "docker.service" ];
      after = [
        "docker.service"
        "hearth.target"
      ];
      serviceConfig =
        hearth.unit.hardening
        # A digest is made from recipes and secrets.
        // hearth.unit.homeAccess {
          reads = map (
            name:
            removeAttrs (declaredOf name) [
              "allow"
              "environment"
              "snapshot"
            ]
          ) apps;
        }
        // {
          Type = "oneshot";
          ExecStart = "${config.hearth.package}/bin/reconcile-app --all ${paths.manifests}/apps --start";
          SuccessExitStatus = "10 20";
          TimeoutStartSec = 60;
          # Secrets may belong to another user.
          CapabilityBoundingSet = "CAP_DAC_READ_SEARCH";
        };
    };
  };
}
