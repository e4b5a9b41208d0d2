# Scheduled snapshots: a timer and a unit for each app that declares `snapshot.schedule`.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  scheduled = lib.filterAttrs (
    _: app: app.enable && app.snapshot.schedule != null && app.snapshot.mode != "none"
  ) config.hearth.apps;

  perApp = make: lib.mapAttrs' (name: app: lib.nameValuePair "hearth-snapshot-${name}" (make name app)) scheduled;

  keptInState = app: lib.hasPrefix "${paths.state}/" app.snapshot.folder;

  unitOf = name: app: {
    description = "Take a snapshot of app ${name}";
    requires = [ "docker.service" ];
    after = [
      "docker.service"
      "hearth-app-${name}.service"
    ];
    serviceConfig = hearth.unit.hardening // {
      Type = "oneshot";
      ExecStart = "${config.hearth.package}/bin/snapshot-volumes ${paths.manifests}/apps/${name}.json take";
      SuccessExitStatus = "10 20";
      StateDirectory =
        "hearth/apps/${name}"
        + lib.optionalString (keptInState app) " ${lib.removePrefix "/var/lib/" app.snapshot.folder}";
      StateDirectoryMode = "0700";
      TimeoutStartSec = app.snapshot.budgetSeconds;
      # Everything in a volume is read, and a copy has the owners, modes, attributes and devices of what it is of.
      CapabilityBoundingSet = [
        "CAP_DAC_READ_SEARCH"
        "CAP_CHOWN"
        "CAP_DAC_OVERRIDE"
        "CAP_FOWNER"
        "CAP_FSETID"
        "CAP_MKNOD"
        "CAP_SETFCAP"
      ]
      # A command in a container that does not end in time is killed.
      ++ lib.optional (app.snapshot.mode == "hooks") "CAP_KILL";
      PrivateDevices = false;
      RestrictSUIDSGID = false;
      SystemCallFilter = [
        "@system-service"
        "~@privileged @resources"
        "@chown"
      ];
      # Absent until the engine made its first volume. Written to by a restore, and to try whether it can clone.
      ReadWritePaths = [ "-${paths.volumes}" ] ++ lib.optional (!keptInState app) app.snapshot.folder;
    };
  };
in
{
  config = lib.mkIf config.hearth.enable {
    systemd.services = perApp unitOf;
    systemd.timers = perApp (
      name: app: {
        description = "Take snapshots of app ${name}: ${app.snapshot.schedule}";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = app.snapshot.schedule;
          # What was missed while the host was off is taken when it is on again.
          Persistent = true;
        };
      }
    );
  };
}
