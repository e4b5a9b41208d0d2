# What somebody may say of their engine, and what would take away what Hearth depends on.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  docker = config.virtualisation.docker;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  words = text: lib.filter (word: word != "") (lib.splitString " " text);
  matching = pattern: lib.filter (word: builtins.match pattern word != null);
  options = words docker.extraOptions;
  # docker-prune.service hands these to a shell.
  pruneFlags = lib.optionals docker.autoPrune.enable (lib.concatMap words docker.autoPrune.flags);
  prunesAll = matching "--all(=.*)?|-[a-z]*a[a-z]*" pruneFlags;

  dataRoot = docker.daemon.settings.data-root or paths.engine;
  remaps = "swarm mode and the volumes that Hearth restores know the host's own user ids. Take it away.";
in
{
  config = lib.mkIf config.hearth.enable {
    virtualisation.docker = {
      enable = true;
      # The engine refuses swarm mode with live restore.
      daemon.settings.live-restore = false;
      # What starts as another user than root stays that user: programs with the setuid bit, such as sudo, give nothing. No
      # compose file can say it, since the client that deploys stacks leaves `security_opt` out.
      daemon.settings.no-new-privileges = lib.mkDefault true;
      # Containers' logs share the journal's limits, and `docker service logs` still reads them.
      logDriver = lib.mkDefault "journald";
    };

    assertions =
      map (word: {
        assertion = false;
        message = "virtualisation.docker.extraOptions has `${word}`, which Hearth cannot follow. Set virtualisation.docker.daemon.settings.data-root instead.";
      }) (matching "-g(=?/.*)?|--(data-root|graph)(=.*)?" options)
      ++ map (word: {
        assertion = false;
        message = "virtualisation.docker.extraOptions has `${word}`: ${remaps}";
      }) (matching "--userns-remap(=.*)?" options)
      ++ [
        {
          assertion = (docker.daemon.settings.userns-remap or "") == "";
          message = "virtualisation.docker.daemon.settings.userns-remap: ${remaps}";
        }
        {
          assertion = lib.hasPrefix "/" dataRoot;
          message = "virtualisation.docker.daemon.settings.data-root: `${dataRoot}` is no absolute path. Write one such as /${dataRoot}.";
        }
        {
          assertion = lib.elem paths.dockerSocket docker.listenOptions;
          message = "virtualisation.docker.listenOptions lacks ${paths.dockerSocket}, where every helper reaches the engine. Add it to the list.";
        }
        {
          assertion = prunesAll == [ ];
          message = "virtualisation.docker.autoPrune.flags has `${toString prunesAll}`, which removes images that a rollback needs. Take it away, and set hearth.pruning.enable = true.";
        }
        {
          assertion = !lib.elem "--volumes" pruneFlags;
          message = "virtualisation.docker.autoPrune.flags has `--volumes`, which removes volumes of apps that are stopped. Take it away.";
        }
      ];
  };
}
