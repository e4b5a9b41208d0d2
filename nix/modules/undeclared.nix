# Apps that leave the flake: a unit that finds them, and stops each after a final snapshot.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.undeclared;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  manifest = hearth.manifest {
    name = "undeclared";
    helper = "reconcile-app --undeclared";
    content = {
      stateFolder = "${paths.state}/undeclared";
      appsFolder = "${paths.state}/apps";
      manifests = "${paths.manifests}/apps";
      inherit (paths) recipes dockerSocket;
      policy = cfg;
      # Also those that are turned off: they are left as they are.
      apps = lib.mapAttrs (_: app: {
        inherit (app) stack;
        enabled = app.enable;
      }) config.hearth.apps;
    };
  };
in
{
  options.hearth.undeclared = lib.mkOption {
    type = lib.types.enum [
      "stop"
      "keep"
    ];
    default = "stop";
    description = ''
      What becomes of an app that is in `hearth.apps` no more. `stop`: the next run stops it after a final snapshot. Its routes
      go; its volumes, its snapshots and its records stay, and declared again under the same name it serves again with them. An
      app whose final snapshot cannot be taken is not stopped. `keep`: it runs on, and nobody looks after it. Either way it is
      told as an alert and listed by `hearth status`, until it is declared again or removed with `hearth remove`. Set `keep`
      where an hour in which a mistyped app does not serve is worse than an app that runs on unseen.

      An app with `enable = false` is declared, and left as it is.
    '';
  };

  config = lib.mkIf config.hearth.enable {
    environment.etc."hearth/undeclared.json".source = manifest;

    systemd.services.hearth-undeclared = hearth.unit.oneshot {
      description = "Stop apps that are not in the flake any more";
      helper = "reconcile-app --undeclared";
      inherit manifest;
      manifestPath = "${paths.manifests}/undeclared.json";
      state = "hearth/undeclared";
      wants = [ "hearth-swarm.service" ];
      after = [ "hearth-swarm.service" ];
      serviceConfig = {
        # What an app's data takes to be copied, the flake says no more. A run that is cut off is finished by the next one.
        TimeoutStartSec = 7200;
        # Everything in a volume is read, and a copy has the owners, modes, attributes and devices of what it is of.
        CapabilityBoundingSet = [
          "CAP_DAC_READ_SEARCH"
          "CAP_CHOWN"
          "CAP_DAC_OVERRIDE"
          "CAP_FOWNER"
          "CAP_FSETID"
          "CAP_MKNOD"
          "CAP_SETFCAP"
        ];
        PrivateDevices = false;
        RestrictSUIDSGID = false;
        SystemCallFilter = [
          "@system-service"
          "~@privileged @resources"
          "@chown"
        ];
        # The final snapshot goes where the snapshots of that app always went, which the flake says no more.
        ProtectSystem = "full";
        ProtectHome = false;
      };
    };
    systemd.timers.hearth-undeclared = hearth.unit.timer "Look for apps that are not in the flake any more every ${config.hearth.drift.interval}";
  };
}
