# Pruning: images that nothing needs, and what builds left, go when a disk fills. What runs, what a rollback needs and what
# was deployed through the door never does.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.pruning;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  apps = lib.filterAttrs (_: app: app.enable) config.hearth.apps;
  state = "${paths.state}/pruning";

  manifest = hearth.manifest {
    name = "pruning";
    helper = "prune-images";
    content = {
      stateFolder = state;
      inherit (paths) dockerSocket;
      dataFolder = paths.engine;
      appManifests = "${paths.manifests}/apps";
      appStates = "${paths.state}/apps";
      snapshots = "${paths.state}/snapshots";
      free = {
        percent = cfg.freePercent;
        bytes = cfg.freeBytes;
      };
      inherit (cfg) unusedHours keep;
    };
  };
  manifestPath = "${paths.manifests}/pruning.json";
in
{
  options.hearth.pruning = {
    enable = lib.mkEnableOption "removal of images that nothing needs, and of what builds left, when less of the disk is free than is declared";

    freePercent = lib.mkOption {
      type = lib.types.nullOr (lib.types.ints.between 1 99);
      default = 20;
      description = ''
        The share of the engine's disk in percent that is to be free. While it is, nothing is removed; below it, no more than
        makes it free again. Keep it above `hearth.alerts.disks.*.freePercent`, so that a person is told only what pruning
        cannot mend.
      '';
    };
    freeBytes = lib.mkOption {
      type = lib.types.nullOr lib.types.ints.positive;
      default = null;
      example = 21474836480;
      description = "How many bytes are to be free. With `freePercent` too, the larger counts.";
    };
    unusedHours = lib.mkOption {
      type = lib.types.ints.between 1 8760;
      default = 24;
      description = ''
        For how many hours nothing has needed an image before it may go, and no build what it left. Raise it where somebody goes
        back and forth between versions by hand, and a registry is slow or far.
      '';
    };
    keep = lib.mkOption {
      type = lib.types.listOf (lib.types.strMatching "[^[:space:]]+");
      default = [ ];
      example = [
        "registry.example.org/builder"
        "postgres:17"
      ];
      description = "Images that are never removed, by name and tag, or by name alone for all tags.";
    };
    interval = lib.mkOption {
      type = hearth.types.duration;
      default = "1h";
      description = "How often it is looked. A look at a disk with enough room costs milliseconds.";
    };
  };

  config = lib.mkIf (config.hearth.enable && cfg.enable) {
    assertions = [
      {
        assertion = cfg.freePercent != null || cfg.freeBytes != null;
        message = "hearth.pruning: it is not said how much of the disk is to be free. Set hearth.pruning.freePercent or hearth.pruning.freeBytes.";
      }
    ];

    environment.etc."hearth/pruning.json".source = manifest;
    hearth.looks.metrics = [ "hearth-pruning" ];
    hearth.alerts.units.hearth-pruning = {
      object = "pruning of images";
      stateFolder = state;
    };

    systemd.timers.hearth-pruning = {
      description = "Remove images that nothing needs, when the disk fills: every ${cfg.interval}";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnActiveSec = cfg.interval;
        OnUnitInactiveSec = cfg.interval;
      };
    };
    systemd.services.hearth-pruning = {
      description = "Remove images that nothing needs, when the disk fills";
      requires = [ "docker.service" ];
      # What a boot starts is asked for before it is looked at what is in use.
      after = [
        "docker.service"
        "hearth.target"
      ];
      serviceConfig =
        hearth.unit.hardening
        # Where somebody keeps snapshots: one that is not seen would keep nothing.
        // hearth.unit.homeAccess {
          reads = lib.mapAttrsToList (_: app: app.snapshot.folder) apps ++ [ manifest.content.dataFolder ];
        }
        // {
          Type = "oneshot";
          ExecStart = "${config.hearth.package}/bin/prune-images ${manifestPath}";
          SuccessExitStatus = "10 20";
          StateDirectory = "hearth/pruning";
          StateDirectoryMode = "0700";
          # An engine that is busy takes its time to remove gigabytes.
          TimeoutStartSec = 1800;
          # Whoever uses the host comes first.
          Nice = 10;
          IOSchedulingClass = "idle";
        };
    };
  };
}
