# Restore drills: a timer and a unit for each app that declares `snapshot.drill.schedule`, and one unit that removes what
# drills left which were cut off together with the host.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  apps = lib.filterAttrs (_: app: app.enable && app.snapshot.mode != "none") config.hearth.apps;
  drilled = lib.filterAttrs (_: app: app.snapshot.drill.schedule != null) apps;
  keptInState = app: lib.hasPrefix "${paths.state}/" app.snapshot.folder;
  command = "${config.hearth.package}/bin/drill-restore";

  unitOf =
    name: app:
    let
      manifest = "${paths.manifests}/apps/${name}.json";
    in
    {
      description = "Prove that the last snapshot of app ${name} can be restored";
      requires = [ "docker.service" ];
      after = [
        "docker.service"
        "hearth-app-${name}.service"
        "hearth-snapshot-${name}.service"
      ];
      serviceConfig =
        hearth.unit.hardening
        // hearth.unit.homeAccess {
          reads = [
            app.snapshot.folder
            app.images
          ];
          writes = [ paths.volumes ];
        }
        // {
          Type = "oneshot";
          ExecStart = "${command} ${manifest}";
          # Also after a run that was killed or took too long.
          ExecStopPost = "${command} --clear ${manifest}";
          SuccessExitStatus = "10 20";
          StateDirectory =
            "hearth/apps/${name}"
            + lib.optionalString (keptInState app) " ${lib.removePrefix "/var/lib/" app.snapshot.folder}";
          StateDirectoryMode = "0700";
          TimeoutStartSec =
            300 + app.snapshot.budgetSeconds + 2 * (app.gate.convergeSeconds + app.gate.healthySeconds);
          # Whoever uses the app comes first.
          Nice = 10;
          IOSchedulingClass = "idle";
          # A snapshot is read, and a copy has the owners, modes, attributes and devices of what it is of.
          CapabilityBoundingSet = [
            "CAP_DAC_READ_SEARCH"
            "CAP_CHOWN"
            "CAP_DAC_OVERRIDE"
            "CAP_FOWNER"
            "CAP_FSETID"
            "CAP_MKNOD"
            "CAP_SETFCAP"
            # A command in a container that does not end in time is killed.
            "CAP_KILL"
          ];
          PrivateDevices = false;
          RestrictSUIDSGID = false;
          SystemCallFilter = [
            "@system-service"
            "~@privileged @resources"
            "@chown"
          ];
          # Absent until the engine made its first volume. The store is only read, but for its folders' locks.
          ReadWritePaths = [ "-${paths.volumes}" ];
          ReadOnlyPaths = lib.optional (!keptInState app) app.snapshot.folder;
        };
    };
in
{
  config = lib.mkIf config.hearth.enable {
    systemd.services =
      lib.mapAttrs' (name: app: lib.nameValuePair "hearth-drill-${name}" (unitOf name app)) drilled
      // lib.optionalAttrs (apps != { }) {
        hearth-drill-clear = {
          description = "Remove what restore drills left that were cut off";
          requires = [ "docker.service" ];
          after = [ "docker.service" ];
          wantedBy = [ "hearth.target" ];
          unitConfig.StartLimitIntervalSec = 0;
          serviceConfig = hearth.unit.hardening // {
            Type = "oneshot";
            ExecStart = "${command} --clear ${paths.manifests}/apps";
            ReadWritePaths = "-${paths.state}/apps";
            TimeoutStartSec = 300;
          };
        };
      };
    systemd.timers = lib.mapAttrs' (
      name: app:
      lib.nameValuePair "hearth-drill-${name}" {
        description = "Prove that snapshots of app ${name} can be restored: ${app.snapshot.drill.schedule}";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = app.snapshot.drill.schedule;
          Persistent = true;
        };
      }
    ) drilled;
  };
}
