# Apps: each a recipe, a domain, secrets and the gate that a deploy must pass. One manifest and one unit an app.
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
  entries = config.hearth.secrets.entries;

  probeOf =
    probe:
    if probe.enable then
      {
        inherit (probe)
          url
          status
          contains
          connectTo
          budgetSeconds
          ;
        caFile = if probe.caFile == null then null else "${probe.caFile}";
      }
    else
      null;

  recipeOf = recipe: {
    folder = if recipe.folder == null then null else "${recipe.folder}";
    git =
      if recipe.git.url == null then
        null
      else
        {
          inherit (recipe.git) url;
          ref = recipe.version;
          inherit (recipe) policy;
          inherit (paths) recipes;
          signers =
            if recipe.git.signers == [ ] then
              null
            else
              {
                keys = recipe.git.signers;
                sshKeygenCommand = "${pkgs.openssh}/bin/ssh-keygen";
              };
          access = {
            gitCommand = "${pkgs.gitMinimal}/bin/git";
            sshCommand = if isSsh recipe.git.url then "${pkgs.openssh}/bin/ssh" else null;
            inherit (recipe.git) credentialsFile sshKeyFile fetchSeconds;
            knownHostsFile = if recipe.git.knownHostsFile == null then null else "${recipe.git.knownHostsFile}";
            caFile = if recipe.git.caFile == null then null else "${recipe.git.caFile}";
          };
        };
  };
  inherit (hearth.addresses) isLocal isSsh;

  bytesIn =
    amount:
    let
      found = builtins.match "([0-9]+)([KMGT])" amount;
      power = {
        K = 1024;
        M = 1024 * 1024;
        G = 1024 * 1024 * 1024;
        T = 1024 * 1024 * 1024 * 1024;
      };
    in
    lib.toInt (lib.head found) * power.${lib.last found};

  manifestOf =
    name: app:
    hearth.manifest {
      name = "app-${name}";
      helper = "reconcile-app";
      content = {
        stateFolder = "${paths.state}/apps/${name}";
        inherit (paths) dockerSocket;
        dockerConfigFolder = paths.dockerConfig;
        dockerCommand = "${config.virtualisation.docker.package}/bin/docker";
        inherit name;
        inherit (app)
          stack
          state
          composeFiles
          update
          drainSeconds
          keepFailedHours
          ;
        domain = toString app.domain;
        allow = app.allow // {
          inherit (app) domains;
        };
        limits = {
          memoryBytes = if app.limits.memory == null then null else bytesIn app.limits.memory;
          inherit (app.limits) pids;
        };
        sharedNetworks =
          lib.optional (app.domain != null) "proxy" ++ lib.optional (app.databases != [ ]) "databases";
        middlewares = hearth.middlewares.ofApp name app;
        deploy = if app.deploy == null then null else { inherit (app.deploy) image variable; };
        # Recipes name a resolver that asks for certificates itself; on this host they come from hearth.certificates.
        environment = {
          LETS_ENCRYPT_ENV = "";
        }
        // app.environment;
        recipe = recipeOf app.recipe;
        snapshot = {
          inherit (app.snapshot)
            mode
            folder
            retention
            stopSeconds
            hookSeconds
            leastDumpBytes
            drill
            ;
          offsite =
            if app.snapshot.offsite == null then
              null
            else
              app.snapshot.offsite // { resticCommand = "${pkgs.restic}/bin/restic"; };
        };
        secrets = lib.mapAttrs (_: secret: entries.${secret}.path) app.secrets;
        images = map (image: {
          inherit (image) name;
          archive = "${image.archive}";
        }) app.images;
        gate = {
          inherit (app.gate) convergeSeconds healthySeconds restartLimit;
          probe = probeOf app.gate.probe;
        }
        // hearth.gates.manifestOf app
        // hearth.migrations.manifestOf app;
        nftCommand = if app.update == "handover" then "${pkgs.nftables}/bin/nft" else null;
        systemctlCommand = "${config.systemd.package}/bin/systemctl";
      };
    };

  # Used by the unit and by /etc, evaluated once.
  manifests = lib.mapAttrs manifestOf apps;

  # Rendering, loading and pulling images come before the gate's own times begin; a rollback holds the gate once more.
  timeoutOf =
    app:
    300
    + (if app.recipe.git.url == null then 0 else app.recipe.git.fetchSeconds)
    +
      2
      * (
        app.gate.convergeSeconds
        + app.gate.healthySeconds
        + (if app.gate.probe.enable then app.gate.probe.budgetSeconds else 0)
        + (if app.update == "handover" then 2 * app.drainSeconds else 0)
        # Each colour is waited for by its own route, and drained.
        + (if isBlueGreen app then 60 + 2 * app.drainSeconds + 2 * app.gate.probe.budgetSeconds else 0)
      )
    + hearth.gates.secondsOf app
    + hearth.migrations.secondsOf app
    + (if keepsData app then app.snapshot.budgetSeconds else 0);

  isBlueGreen = app: app.update == "blue-green";
  keepsData = app: app.snapshot.mode != "none";
  keptInState = app: lib.hasPrefix "${paths.state}/" app.snapshot.folder;
  withinState = app: lib.removePrefix "/var/lib/" app.snapshot.folder;

  isProxy = name: name == "proxy" && config.hearth.proxy.enable;
  certificateUnits = map (name: "hearth-cert-${name}.service") (
    lib.attrNames config.hearth.certificates
  );

  hardeningFor =
    app:
    let
      handover = app.update == "handover";
      inherit (app.recipe) git;
      network =
        app.gate.probe.enable
        || hearth.gates.asks app
        || hearth.migrations.asks app
        || handover
        || (git.url != null && !isLocal git.url);
    in
    {
      # Secrets may belong to other users; only their digest and the engine's copy are made here.
      CapabilityBoundingSet = [
        "CAP_DAC_READ_SEARCH"
      ]
      ++ lib.optional handover "CAP_NET_ADMIN"
      # A volume is put back with its owners, modes, attributes and devices.
      ++ lib.optionals (keepsData app) [
        "CAP_CHOWN"
        "CAP_DAC_OVERRIDE"
        "CAP_FOWNER"
        "CAP_FSETID"
        "CAP_MKNOD"
        "CAP_SETFCAP"
      ];
    }
    # The Docker client needs no network, it talks to a socket; the probe asks over the public address, git fetches.
    // hearth.unit.network {
      allowed = network;
      # nft
      more = lib.optional handover "AF_NETLINK";
    }
    // lib.optionalAttrs (keepsData app) {
      PrivateDevices = false;
      RestrictSUIDSGID = false;
      SystemCallFilter = [
        "@system-service"
        "~@privileged @resources"
        "@chown"
      ];
      # Absent until the engine made its first volume.
      ReadWritePaths = [ "-${paths.volumes}" ] ++ lib.optional (!keptInState app) app.snapshot.folder;
    }
    // lib.optionalAttrs handover {
      # Whether connections have left the old task stands in /proc of that task.
      ProcSubset = "all";
      ProtectProc = "default";
    };

  unitOf =
    name: app:
    let
      manifest = manifests.${name};
    in
    hearth.unit.oneshot {
      description = if isProxy name then "Reconcile the proxy" else "Reconcile app ${name}";
      helper = "reconcile-app";
      inherit manifest;
      # What else is declared is read by the containers, or by the units of the app's snapshots.
      reads = removeAttrs manifest.content [
        "allow"
        "environment"
        "snapshot"
      ];
      writes = lib.optionals (keepsData app) [
        app.snapshot.folder
        paths.volumes
      ];
      manifestPath = "${paths.manifests}/apps/${name}.json";
      state =
        "hearth/apps/${name}"
        + lib.optionalString (app.recipe.git.url != null) " ${lib.removePrefix "/var/lib/" paths.recipes}"
        + lib.optionalString (keepsData app && keptInState app) " ${withinState app}";
      # Not required: a refused registry login fails that unit, and not every app needs the registry.
      wants = [
        "hearth-secrets.service"
        "hearth-swarm.service"
      ]
      ++ lib.optionals (isProxy name) certificateUnits;
      after = [
        "hearth-secrets.service"
        "hearth-swarm.service"
      ]
      # What is probed through the proxy waits for it, but is deployed even when the proxy fails.
      ++ (
        if isProxy name then
          [ "hearth-docker-read.service" ] ++ certificateUnits
        else
          [ "hearth-app-proxy.service" ]
      );
      serviceConfig =
        hardeningFor app
        // {
          TimeoutStartSec = timeoutOf app;
        }
        // lib.optionalAttrs (isProxy name) {
          # Mounted by the proxy, also when no certificate could be inserted.
          RuntimeDirectory = "hearth/certificates";
          RuntimeDirectoryMode = "0700";
        };
    };
in
{
  options.hearth.apps = lib.mkOption {
    type = lib.types.attrsOf (lib.types.submodule (import ./app-options.nix { inherit lib hearth; }));
    default = { };
    description = "The apps of this host, by a name of your choice.";
  };

  config = lib.mkIf config.hearth.enable {
    environment.etc = lib.mapAttrs' (
      name: manifest: lib.nameValuePair "hearth/apps/${name}.json" { source = manifest; }
    ) manifests;
    systemd.services = lib.mapAttrs' (
      name: app: lib.nameValuePair "hearth-app-${name}" (unitOf name app)
    ) apps;
    systemd.timers = lib.mapAttrs' (
      name: app:
      lib.nameValuePair "hearth-app-${name}" {
        description = "Look for newer versions of app ${name}";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnActiveSec = app.recipe.interval;
          OnUnitInactiveSec = app.recipe.interval;
          # Not all apps of all hosts at once: it is somebody's server.
          RandomizedDelaySec = "5min";
        };
      }
    ) (lib.filterAttrs (_: app: app.recipe.git.url != null && app.recipe.policy != "pinned") apps);
    systemd.tmpfiles.settings.hearth-snapshots = lib.mapAttrs' (
      _: app: lib.nameValuePair app.snapshot.folder { d.mode = "0700"; }
    ) (lib.filterAttrs (_: app: keepsData app && !keptInState app) apps);
  };
}
