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
  apps = lib.filterAttrs (_: app: app.enable) config.hearth.apps;
  scheduled = lib.filterAttrs (
    _: app: app.snapshot.schedule != null && app.snapshot.mode != "none"
  ) apps;

  # Backups that somebody believes in and that are not there.
  complaintsAbout =
    name: app:
    let
      option = "hearth.apps.${name}.snapshot";
      inherit (app.snapshot) mode offsite schedule;
    in
    [
      {
        assertion = mode != "none" || schedule == null;
        message = "${option}.schedule: with snapshot.mode = \"none\" no snapshot is taken. Set another mode, or take the schedule away.";
      }
      {
        assertion = mode != "none" || offsite == null;
        message = "${option}.offsite: with snapshot.mode = \"none\" there is nothing to copy. Set another mode, or take offsite away.";
      }
      {
        assertion = mode == "none" || offsite == null || schedule != null;
        message = "${option}.offsite: only scheduled snapshots are copied, and none is scheduled. Set ${option}.schedule.";
      }
    ];

  perApp =
    make:
    lib.mapAttrs' (name: app: lib.nameValuePair "hearth-snapshot-${name}" (make name app)) scheduled;

  keptInState = app: lib.hasPrefix "${paths.state}/" app.snapshot.folder;

  isLocal = lib.hasPrefix "/";
  localRepositories = lib.filter isLocal (
    lib.mapAttrsToList (_: app: app.snapshot.offsite.repository) (
      lib.filterAttrs (_: app: app.snapshot.offsite != null) scheduled
    )
  );

  command =
    name: "${config.hearth.package}/bin/snapshot-volumes ${paths.manifests}/apps/${name}.json";

  unitOf =
    name: app:
    let
      inherit (app.snapshot) offsite;
      network = offsite != null && !isLocal offsite.repository;
    in
    {
      description = "Take a snapshot of app ${name}";
      requires = [ "docker.service" ];
      after = [
        "docker.service"
        "hearth-app-${name}.service"
      ];
      # How restic reaches a repository at sftp:…
      path = lib.optional (offsite != null && lib.hasPrefix "sftp:" offsite.repository) pkgs.openssh;
      serviceConfig =
        hearth.unit.hardening
        // hearth.unit.network { allowed = network; }
        // hearth.unit.homeAccess {
          reads = if offsite == null then [ ] else removeAttrs offsite [ "repository" ];
          writes = [
            app.snapshot.folder
            paths.volumes
          ]
          ++ lib.optional (offsite != null && !network) offsite.repository;
        }
        // {
          Type = "oneshot";
          ExecStart = [
            "${command name} take"
          ]
          ++ lib.optional (offsite != null) "${command name} send";
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
          ReadWritePaths = [
            "-${paths.volumes}"
          ]
          ++ lib.optional (!keptInState app) app.snapshot.folder
          ++ lib.optional (offsite != null && !network) offsite.repository;
        };
    };
in
{
  config = lib.mkIf config.hearth.enable {
    assertions = lib.concatLists (lib.mapAttrsToList complaintsAbout apps);

    systemd.services = perApp unitOf;
    systemd.tmpfiles.settings.hearth-offsite = lib.genAttrs localRepositories (_: {
      d.mode = "0700";
    });
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
