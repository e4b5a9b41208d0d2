# What an app's recipe may ask for beyond the app's own containers, volumes, networks and routes.
{ lib, hearth }:
{
  hostPaths = lib.mkOption {
    type = lib.types.listOf hearth.types.hostPath;
    default = [ ];
    example = [ "/srv/media" ];
    description = ''
      Folders and files of the host that the recipe may mount. The recipe must name exactly this path: what lies below an allowed
      folder is not allowed with it, since a container could have left a link there that leads out of the folder.
    '';
  };
  privileged = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = "Whether the recipe may run privileged containers, which is root on the host.";
  };
  hostNetwork = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = "Whether the recipe may use the host's network instead of one of its own.";
  };
  capabilities = lib.mkOption {
    type = lib.types.listOf (lib.types.strMatching "[A-Z_]+");
    default = [ ];
    example = [ "NET_ADMIN" ];
    description = "Capabilities that the recipe may add, as compose files write them.";
  };
  devices = lib.mkOption {
    type = lib.types.listOf hearth.types.hostPath;
    default = [ ];
    example = [ "/dev/dri" ];
    description = "Devices of the host that the recipe may use.";
  };
  volumes = lib.mkOption {
    type = lib.types.listOf hearth.types.objectName;
    default = [ ];
    example = [ "media" ];
    description = ''
      Volumes, by their name in the engine, that do not belong to the app alone: those of another app, those that were made by
      hand, and the app's own that are mounted over the network or by a volume plugin. The recipe can read and change all that
      is in them, and a rollback of the app puts their content back as well.
    '';
  };
  networks = lib.mkOption {
    type = lib.types.listOf hearth.types.objectName;
    default = [ ];
    example = [ "monitoring" ];
    description = ''
      Networks, by their name in the engine, that the recipe may share with others, or may give a driver or addresses of its
      own. On a shared network the app reaches every other service there, without passing the proxy.
    '';
  };
  ports = lib.mkOption {
    type = lib.types.listOf hearth.types.publishedPort;
    default = [ ];
    example = [
      25
      "8448/udp"
    ];
    description = ''
      Ports of the host that the recipe may publish. Docker opens them to everybody, past the host's firewall; one that a
      service of the host listens on is taken from it.
    '';
  };
  logging = lib.mkOption {
    type = lib.types.listOf (lib.types.strMatching "[a-z0-9-]+");
    default = [ ];
    example = [ "gelf" ];
    description = ''
      Log drivers that the recipe may use beside those that keep logs on this host. The engine, which is root on the host's
      network, then opens connections and reads files that the recipe names.
    '';
  };
  proxy = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = ''
      Whether the recipe may tell the proxy everything by labels: routes without a host name, TCP and UDP routes, priorities,
      middlewares and services of others. It can then take requests for every other app of the host.
    '';
  };
}
