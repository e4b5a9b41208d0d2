# The proxy is an app whose recipe Hearth ships. What is declared here becomes `hearth.apps.proxy`.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.proxy;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  inherit (hearth.types) toText;
  served = lib.attrNames (
    lib.filterAttrs (_: app: app.enable && app.domain != null) config.hearth.apps
  );
  # The tag of the image, without a digest: `name:tag@sha256:…`.
  tagged = builtins.match "(.*/)?[^/:@]+:([^/:@]+)(@.*)?" cfg.image.name;
  version = if tagged == null then "untagged" else lib.elemAt tagged 1;
  fromStore = pkgs.callPackage ../packages/proxy-image.nix { };

  # Traefik's settings as the flags that they are on its command line, which knows no upper case from lower.
  flagsOf =
    name: value:
    if lib.isAttrs value then
      lib.concatLists (lib.mapAttrsToList (key: flagsOf (name ++ [ key ])) value)
    else
      [
        {
          name = lib.concatStringsSep "." name;
          value = if lib.isList value then lib.concatMapStringsSep "," toText value else toText value;
        }
      ];
  flags = flagsOf [ ] cfg.settings;

  recipe = ../recipes/proxy;
  extended = hearth.recipes.extended recipe [
    {
      file = "compose.yml";
      after = "    command:\n";
      text = hearth.recipes.asArguments (map (flag: "--${flag.name}=${flag.value}") flags);
    }
  ];
  # Of the recipe itself: what Hearth would not work without, or has an option for.
  ownFlags = lib.concatMap (
    line:
    let
      flag = builtins.match " *- --([^=]+)=.*" line;
    in
    if flag == null then [ ] else map lib.toLower flag
  ) (lib.splitString "\n" (builtins.readFile (recipe + "/compose.yml")));
  optionFor = {
    "log.level" = "logLevel";
    "providers.swarm.refreshseconds" = "refreshSeconds";
    "entrypoints.web.transport.keepalivemaxtime" = "keepAliveMaxSeconds";
    "entrypoints.web-secure.transport.keepalivemaxtime" = "keepAliveMaxSeconds";
  };
  complaintAbout =
    flag:
    let
      name = lib.toLower flag.name;
      clashes = lib.filter (own: own == name || lib.hasPrefix "${name}." own) ownFlags;
      clash = lib.head clashes;
    in
    {
      assertion = clashes == [ ];
      message =
        "hearth.proxy.settings: Hearth sets `--${clash}` itself"
        + (
          if optionFor ? ${clash} then
            ". Set hearth.proxy.${optionFor.${clash}} instead."
          else
            ", and needs it as it is. Take it away; a proxy that differs in it is a recipe of your own in hearth.apps.proxy.recipe."
        );
    };
in
{
  options.hearth.proxy = {
    enable = lib.mkEnableOption "the proxy, which serves every app with a domain on ports 80 and 443";

    image.name = lib.mkOption {
      type = lib.types.nonEmptyStr;
      default = "${fromStore.imageName}:${fromStore.imageTag}";
      defaultText = lib.literalExpression ''"hearth/traefik:''${pkgs.traefik.version}"'';
      description = "Name and tag of the proxy's image.";
    };
    image.archive = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = fromStore;
      defaultText = lib.literalMD "an image of `pkgs.traefik`";
      description = ''
        Archive that the image is loaded from, so that the proxy needs no registry. With `null` the engine pulls `image.name`.
      '';
    };
    refreshSeconds = lib.mkOption {
      type = lib.types.ints.between 1 300;
      default = 2;
      description = ''
        How often the proxy asks the engine which tasks there are. Until it has asked, it may still send requests to a task that
        is being stopped, and none to a new one.
      '';
    };
    drainSeconds = lib.mkOption {
      type = lib.types.ints.between 0 3600;
      default = 60;
      description = "How long the old proxy may take to finish what it is answering when the proxy itself is updated.";
    };
    keepAliveMaxSeconds = lib.mkOption {
      type = lib.types.ints.between 1 86400;
      default = 50;
      description = ''
        How long a connection is kept for further requests. Keep it below `drainSeconds`, so that an old proxy's connections have
        ended of themselves before it goes.
      '';
    };
    logLevel = lib.mkOption {
      type = lib.types.enum [
        "TRACE"
        "DEBUG"
        "INFO"
        "WARN"
        "ERROR"
      ];
      default = "INFO";
      description = "What the proxy writes to its log.";
    };
    settings = lib.mkOption {
      type = lib.types.attrsOf hearth.types.setting;
      default = { };
      example = lib.literalExpression ''
        {
          accessLog.format = "json";
          metrics.prometheus = true;
          entryPoints.web-secure.forwardedHeaders.trustedIPs = [ "10.0.0.0/8" ];
        }
      '';
      description = ''
        More of [Traefik's static configuration](https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/),
        as it stands there in YAML. Hearth passes it as flags, a list with commas between. What Hearth sets itself is refused
        here. A setting that Traefik does not know keeps it from starting: the gate then puts the old proxy back. They lie in
        the Nix store, which everybody can read: no passwords and tokens.
      '';
    };
    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Open ports 80 and 443 in the firewall of NixOS. That firewall does not see everything: the engine's own rules
        admit visitors to ports that containers publish, the proxy's among them, whatever is said here. To keep networks
        out use rules in the engine's chain `DOCKER-USER`, or a firewall in front of the host.
      '';
    };
  };

  config = lib.mkIf config.hearth.enable (
    lib.mkMerge [
      {
        assertions = [
          {
            assertion = cfg.enable || served == [ ];
            message = "hearth.proxy is off, but ${lib.concatStringsSep ", " served} would be served at a domain. Set hearth.proxy.enable = true, or take the domain away.";
          }
          {
            assertion = !cfg.enable || cfg.keepAliveMaxSeconds <= cfg.drainSeconds;
            message = "hearth.proxy.keepAliveMaxSeconds (${toString cfg.keepAliveMaxSeconds}) is longer than drainSeconds (${toString cfg.drainSeconds}): connections would be cut when the proxy is updated. Lower the one or raise the other.";
          }
        ]
        ++ map complaintAbout flags
        ++ lib.optional (cfg.enable && flags != [ ]) {
          assertion = config.hearth.apps.proxy.recipe.folder == extended;
          message = "hearth.proxy.settings: hearth.apps.proxy has a recipe of your own, which does not get them. Put the flags into that recipe, or take it away.";
        };
      }
      (lib.mkIf cfg.enable {
        networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [
          80
          443
        ];
        # The name that Co-op Cloud's recipes expect.
        hearth.swarm.networks.proxy = { };

        # Defaults, so that a host can set one of them again without saying the others.
        hearth.apps.proxy = {
          recipe = lib.mkDefault extended;
          update = lib.mkDefault "handover";
          # It has no volumes.
          snapshot.mode = lib.mkDefault "none";
          drainSeconds = lib.mkDefault cfg.drainSeconds;
          images = lib.optional (cfg.image.archive != null) { inherit (cfg.image) name archive; };
          allow = {
            hostPaths = [
              paths.certificates
              paths.dockerRead
            ];
            ports = [
              80
              443
            ];
            # Every app with a domain is on it.
            networks = [ "proxy" ];
          };
          environment = lib.mapAttrs (_: lib.mkDefault) {
            PROXY_IMAGE = cfg.image.name;
            PROXY_VERSION = version;
            LOG_LEVEL = cfg.logLevel;
            REFRESH_SECONDS = cfg.refreshSeconds;
            KEEP_ALIVE_MAX_SECONDS = cfg.keepAliveMaxSeconds;
            CERTIFICATES_FOLDER = paths.certificates;
            DOCKER_READ_FOLDER = paths.dockerRead;
          };
        };
      })
    ]
  );
}
