# Docker in swarm mode: the swarm, its overlay networks, node labels and registry logins.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.swarm;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  inherit (config.hearth.secrets) entries;

  network.options = {
    subnet = lib.mkOption {
      type = lib.types.nullOr hearth.types.cidr;
      default = null;
      description = "The network's addresses. Without it the engine takes the next free part of the address pools.";
    };
    attachable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether containers that are not part of a service may join, for example one started by hand to look around.";
    };
    encrypted = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether traffic between nodes is encrypted with IPsec. It costs throughput and does nothing on a single node.";
    };
  };

  registry.options = {
    username = lib.mkOption {
      type = lib.types.nonEmptyStr;
      description = "The user to log in as.";
    };
    passwordFile = lib.mkOption {
      type = lib.types.nullOr hearth.types.outsideStore;
      default = null;
      example = "/var/lib/registry-password";
      description = "File with the password, when it is not one of `hearth.secrets.entries`.";
    };
    passwordSecret = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "registry_password";
      description = "Name of the entry of `hearth.secrets.entries` that holds the password.";
    };
  };

  passwordFile =
    registry:
    if registry.passwordSecret == null then
      registry.passwordFile
    else
      entries.${registry.passwordSecret}.path;

  complaintsAbout =
    name: registry:
    let
      option = "hearth.swarm.registries.${builtins.toJSON name}";
      secret = registry.passwordSecret;
    in
    [
      {
        assertion = hearth.types.isRegistryName name;
        message = "${option}: a registry is named as image names begin, `host` or `host:port`. Write hearth.swarm.registries.${builtins.toJSON (hostIn name)}.";
      }
      {
        assertion = (registry.passwordFile == null) != (secret == null);
        message = "${option}: set exactly one of passwordSecret (an entry of hearth.secrets.entries) and passwordFile.";
      }
      {
        assertion = secret == null || entries ? ${secret};
        message = "${option}: passwordSecret names `${toString secret}`, which is not declared. Add hearth.secrets.entries.${toString secret}, or correct the name.";
      }
    ];

  # Of an address.
  hostIn = name: lib.head (lib.splitString "/" (lib.last (lib.splitString "://" name)));

  # Of Docker itself, and of its swarm.
  networksOfTheEngine = [
    "bridge"
    "docker_gwbridge"
    "host"
    "ingress"
    "none"
  ];
  complaintsAboutNetwork =
    name:
    let
      option = "hearth.swarm.networks.${builtins.toJSON name}";
    in
    [
      {
        assertion = hearth.types.isNetworkName name;
        message = "${option}: a network's name is made of letters, digits, `_`, `.` and `-`, the first a letter or digit. Rename it.";
      }
      {
        assertion = !lib.elem name networksOfTheEngine;
        message = "${option}: the engine has a network of its own by this name. Rename it.";
      }
    ];

  manifest = hearth.manifest {
    name = "swarm";
    helper = "reconcile-swarm";
    content = {
      stateFolder = "${paths.state}/swarm";
      inherit (paths) dockerSocket;
      dockerCommand = "${config.virtualisation.docker.package}/bin/docker";
      inherit (cfg)
        advertiseAddress
        listenAddress
        defaultAddressPools
        subnetSize
        networks
        nodeLabels
        ;
      registries = lib.mapAttrs (_: registry: {
        inherit (registry) username;
        passwordFile = passwordFile registry;
      }) cfg.registries;
      dockerConfigFolder = paths.dockerConfig;
    };
  };
in
{
  options.hearth.swarm = {
    advertiseAddress = lib.mkOption {
      type = lib.types.nullOr lib.types.nonEmptyStr;
      default = null;
      example = "192.0.2.10";
      description = ''
        Address or interface that other nodes would reach this one at. Without it the engine chooses, which it refuses to do
        on a machine with several addresses: set it there. It counts only when the swarm is made.
      '';
    };
    listenAddress = lib.mkOption {
      type = hearth.types.listenAddress;
      default = "0.0.0.0:2377";
      description = "Where the swarm's manager listens. It counts only when the swarm is made.";
    };
    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Open the swarm's ports (2377/tcp, 7946/tcp and udp, 4789/udp) to every network. A swarm of one node needs none of them;
        for more nodes prefer rules that admit only these.
      '';
    };
    defaultAddressPools = lib.mkOption {
      type = lib.types.listOf hearth.types.cidr;
      default = [ ];
      example = [ "10.20.0.0/16" ];
      description = ''
        Networks that overlay networks are cut from; empty means the engine's own choice (10.0.0.0/8). Change it when that range
        is in use around the host. It counts only when the swarm is made.
      '';
    };
    subnetSize = lib.mkOption {
      type = lib.types.ints.between 16 29;
      default = 24;
      description = "Prefix length of a network that is cut from the pools: 24 gives each about 250 addresses.";
    };
    networks = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule network);
      default = { };
      example.proxy.subnet = "10.20.1.0/24";
      description = "Overlay networks that exist apart from any app, for recipes to name as external.";
    };
    nodeLabels = lib.mkOption {
      type = lib.types.attrsOf hearth.types.variable;
      default = { };
      example.disk = "ssd";
      description = "Labels of this node, for placement constraints in recipes.";
    };
    registries = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule registry);
      default = { };
      example."registry.example.org" = {
        username = "hearth";
        passwordSecret = "registry_password";
      };
      description = "Container registries to log in to, by `host` or `host:port` as image names begin.";
    };
  };

  config = lib.mkIf config.hearth.enable {
    assertions =
      lib.concatLists (lib.mapAttrsToList complaintsAbout cfg.registries)
      ++ lib.concatMap complaintsAboutNetwork (lib.attrNames cfg.networks);

    networking.firewall = lib.mkIf cfg.openFirewall {
      allowedTCPPorts = [
        2377
        7946
      ];
      allowedUDPPorts = [
        4789
        7946
      ];
    };

    environment.etc."hearth/swarm.json".source = manifest;
    systemd.timers.hearth-swarm = hearth.unit.timer "Look for drift in the swarm's networks, labels and logins";
    systemd.services.hearth-swarm = hearth.unit.oneshot {
      description = "Reconcile the swarm, its networks, labels and registry logins";
      helper = "reconcile-swarm";
      inherit manifest;
      manifestPath = "${paths.manifests}/swarm.json";
      state = "hearth/swarm";
      requires = [ "docker.service" ];
      wants = [ "hearth-secrets.service" ];
      after = [
        "docker.service"
        "hearth-secrets.service"
      ];
      serviceConfig = {
        # The registry logins, read by whoever calls the Docker client.
        RuntimeDirectory = "hearth/docker";
        RuntimeDirectoryMode = "0700";
        # A password file may belong to another user.
        CapabilityBoundingSet = "CAP_DAC_READ_SEARCH";
      };
    };
  };
}
