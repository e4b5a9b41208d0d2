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
  served = lib.attrNames (
    lib.filterAttrs (_: app: app.enable && app.domain != null) config.hearth.apps
  );
  fromStore = pkgs.callPackage ../packages/proxy-image.nix { };
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
      defaultText = lib.literalExpression "an image of pkgs.traefik";
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
        ];
      }
      (lib.mkIf cfg.enable {
        networking.firewall.allowedTCPPorts = [
          80
          443
        ];
        # The name that Co-op Cloud's recipes expect.
        hearth.swarm.networks.proxy = { };

        hearth.apps.proxy = {
          recipe = ../recipes/proxy;
          update = "handover";
          # It has no volumes.
          snapshot.mode = "none";
          inherit (cfg) drainSeconds;
          images = lib.optional (cfg.image.archive != null) { inherit (cfg.image) name archive; };
          allow.hostPaths = [
            paths.certificates
            paths.dockerRead
          ];
          environment = {
            PROXY_IMAGE = cfg.image.name;
            LOG_LEVEL = cfg.logLevel;
            REFRESH_SECONDS = toString cfg.refreshSeconds;
            KEEP_ALIVE_MAX_SECONDS = toString cfg.keepAliveMaxSeconds;
            CERTIFICATES_FOLDER = paths.certificates;
            DOCKER_READ_FOLDER = paths.dockerRead;
          };
        };
      })
    ]
  );
}
