# Alerts: whatever ends badly, cannot start or runs out is told once. It is looked for whenever a unit has ended, and by a
# timer.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.hearth.alerts;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  watched.options = {
    object = lib.mkOption {
      type = lib.types.nonEmptyStr;
      example = "nightly export";
      description = "What the unit works for, as an alert says it.";
    };
    stateFolder = lib.mkOption {
      type = lib.types.nullOr hearth.types.hostPath;
      default = null;
      description = "Folder with the receipts of a helper of Hearth. A unit without is judged by what systemd says of it.";
    };
    drill = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether the unit proves that snapshots can be restored.";
    };
    expiryWarningDays = lib.mkOption {
      type = lib.types.nullOr (lib.types.ints.between 1 365);
      default = null;
      description = "How many days before the certificate in its receipt expires to tell it.";
    };
  };

  disk.options.freePercent = lib.mkOption {
    type = lib.types.ints.between 1 99;
    default = 10;
    description = "The share of the file system in percent that must be free.";
  };

  # What Hearth itself runs.
  apps = lib.filterAttrs (_: app: app.enable) config.hearth.apps;
  own = {
    hearth-secrets = {
      object = "secrets";
      stateFolder = "${paths.state}/secrets";
    };
    hearth-swarm = {
      object = "swarm";
      stateFolder = "${paths.state}/swarm";
    };
    docker.object = "Docker engine";
    hearth-undeclared = {
      object = "apps that left the flake";
      stateFolder = "${paths.state}/undeclared";
    };
  }
  // lib.optionalAttrs config.hearth.proxy.enable {
    hearth-docker-read.object = "read-only view of the Docker engine";
  }
  // lib.optionalAttrs (apps != { }) { hearth-drift.object = "look for drift"; }
  // lib.mapAttrs' (
    name: certificate:
    lib.nameValuePair "hearth-cert-${name}" {
      object = "certificate ${name}";
      stateFolder = "${paths.state}/certificates/${name}";
      inherit (certificate) expiryWarningDays;
    }
  ) config.hearth.certificates
  // lib.mapAttrs' (
    name: _:
    lib.nameValuePair "hearth-app-${name}" {
      object = "app ${name}";
      stateFolder = "${paths.state}/apps/${name}";
    }
  ) apps
  // lib.mapAttrs' (
    name: _:
    lib.nameValuePair "hearth-snapshot-${name}" {
      object = "snapshots of app ${name}";
      stateFolder = "${paths.state}/apps/${name}/snapshots";
    }
  ) (lib.filterAttrs (_: app: app.snapshot.schedule != null && app.snapshot.mode != "none") apps)
  //
    lib.mapAttrs'
      (
        name: _:
        lib.nameValuePair "hearth-drill-${name}" {
          object = "snapshots of app ${name}";
          stateFolder = "${paths.state}/apps/${name}/drill";
          drill = true;
        }
      )
      (lib.filterAttrs (_: app: app.snapshot.drill.schedule != null && app.snapshot.mode != "none") apps);

  channelOf =
    _: channel:
    let
      kind = lib.head (lib.attrNames channel);
      value = channel.${kind};
    in
    {
      inherit kind;
    }
    // (
      if kind == "command" then
        { command = value; }
      else
        # Paths of certificates become store paths.
        lib.mapAttrs (option: set: if option == "caFile" && set != null then "${set}" else set) value
    );

  manifest = hearth.manifest {
    name = "alerts";
    helper = "send-alert";
    content = {
      stateFolder = "${paths.state}/alerts";
      host = config.networking.hostName;
      repeatSeconds = cfg.repeatHours * 3600;
      inherit (cfg) timeoutSeconds disks;
      systemctlCommand = "${config.systemd.package}/bin/systemctl";
      journalctlCommand = "${config.systemd.package}/bin/journalctl";
      units = lib.mapAttrs' (name: lib.nameValuePair "${name}.service") cfg.units;
      channels = lib.mapAttrs channelOf cfg.channels;
    };
  };
  manifestPath = "${paths.manifests}/alerts.json";

  # What is looked at gets settings of its own from looks.nix, and with them a unit: what counts is whether somebody else
  # declares one. `config` would not tell.
  declaredByOthers = lib.genAttrs (lib.concatMap (definition: lib.attrNames definition.value) (
    lib.filter (
      definition: definition.file != toString ./looks.nix
    ) options.systemd.services.definitionsWithLocations
  )) (_: true);

  has = kind: lib.any (channel: channel ? ${kind}) (lib.attrValues cfg.channels);

  serviceConfig =
    hearth.unit.hardening
    # A disk that is hidden would be an empty one, with all of it free.
    // hearth.unit.homeAccess {
      reads = [
        (lib.attrNames cfg.disks)
        manifest.content.channels
      ];
    }
    // {
      Type = "oneshot";
      StateDirectory = "hearth/alerts";
      StateDirectoryMode = "0700";
      # All channels at once, each with what may have waited in the outbox.
      TimeoutStartSec = 60 + 10 * cfg.timeoutSeconds;
      # Tokens may belong to other users.
      CapabilityBoundingSet = "CAP_DAC_READ_SEARCH";
    }
    // hearth.unit.network { allowed = cfg.channels != { }; }
    // lib.optionalAttrs (has "email") {
      # `sendmail` is a program with a set-group-id bit that writes into the mail system's queue.
      NoNewPrivileges = false;
      CapabilityBoundingSet = [
        "CAP_DAC_READ_SEARCH"
        "CAP_SETGID"
        "CAP_SETUID"
      ];
      ReadWritePaths = "-/var/spool";
    };
in
{
  options.hearth.alerts = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether problems are told: an app that was rolled back, is held or failed, a unit that could not start, a certificate or
        a disk that is running out. Without `channels` they are told to the journal of `hearth-alerts` only.
      '';
    };
    channels = lib.mkOption {
      type = lib.types.attrsOf (import ./alert-options.nix { inherit lib hearth; });
      default = { };
      example = lib.literalExpression ''
        {
          phone.ntfy = {
            topic = "my-host-4711";
            tokenFile = config.hearth.secrets.entries.ntfy_token.path;
          };
          mail.email = {
            from = "hearth@example.org";
            to = [ "admin@example.org" ];
          };
        }
      '';
      description = ''
        Where alerts go, by a name of your choice. Each gets every alert; one that fails holds back no other and gets what it
        missed within three days. Try them with `send-alert --test /etc/hearth/alerts.json`.
      '';
    };
    repeatHours = lib.mkOption {
      type = lib.types.ints.between 0 8760;
      default = 24;
      description = "After how many hours a problem that lasts is told again; 0 for never.";
    };
    timeoutSeconds = lib.mkOption {
      type = lib.types.ints.between 1 300;
      default = 10;
      description = "How long a channel may take for one alert.";
    };
    interval = lib.mkOption {
      type = hearth.types.duration;
      default = "5min";
      description = "How often disks are looked at, and channels that failed are tried again.";
    };
    disks = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule disk);
      default = { };
      example."/srv".freePercent = 5;
      description = ''
        File systems to watch, by the path of something on them. `/` is among them, also when others are added; to watch none,
        set `lib.mkForce { }`.
      '';
    };
    units = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule watched);
      default = { };
      example.restic-backups-nightly.object = "nightly backup";
      description = ''
        Services to watch, by name without `.service`. Hearth's own and the Docker engine are among them already; others of this
        host can be added. One that is in no module, but comes with a package (`systemd.packages`), wants to be declared with
        `systemd.services.NAME.overrideStrategy = "asDropin"`.
      '';
    };
  };

  config = lib.mkIf (config.hearth.enable && cfg.enable) {
    hearth.alerts = {
      units = own;
      # No default of the option: whoever adds a disk would take this one away.
      disks."/" = lib.mkDefault { };
    };
    hearth.looks.alerts = lib.attrNames cfg.units;

    assertions =
      map (path: {
        assertion = lib.hasPrefix "/" path;
        message = "hearth.alerts.disks: `${path}` is no absolute path. Write one such as /var.";
      }) (lib.attrNames cfg.disks)
      ++ map (name: {
        assertion = !lib.hasSuffix ".service" name && !lib.hasInfix "@" name;
        message = "hearth.alerts.units.${name}: write the name of one service without `.service`, and of no template.";
      }) (lib.attrNames cfg.units)
      ++ map (name: {
        assertion = declaredByOthers ? ${name};
        message = "hearth.alerts.units.${name}: no module declares a service of this name, so that nothing would ever be told of it. Correct the name; for a service that a package brings, declare systemd.services.${name}.overrideStrategy = \"asDropin\".";
      }) (lib.attrNames cfg.units)
      ++ lib.concatLists (
        lib.mapAttrsToList (
          name: channel:
          lib.optional (channel ? webhook) {
            assertion = (channel.webhook.url == null) != (channel.webhook.urlFile == null);
            message = "hearth.alerts.channels.${name}.webhook: set `url`, or `urlFile` where the address is a secret, and not both.";
          }
        ) cfg.channels
      );

    environment.etc."hearth/alerts.json".source = manifest;

    systemd = {
      timers.hearth-alerts = {
        description = "Look for what must be told every ${cfg.interval}";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnActiveSec = cfg.interval;
          OnUnitInactiveSec = cfg.interval;
          AccuracySec = "10s";
        };
      };

      services.hearth-alerts = {
        description = "Tell what must be told of this host";
        wants = [ "network-online.target" ];
        after = [
          "hearth-secrets.service"
          "network-online.target"
        ];
        serviceConfig = serviceConfig // {
          ExecStart = "${config.hearth.package}/bin/send-alert ${manifestPath}";
          SuccessExitStatus = "10 20";
        };
      };
    };
  };
}
