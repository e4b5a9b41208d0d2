# Everything that `hearth.*` declares, one feature a file.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [
    ./alerts.nix
    ./apps.nix
    ./certificates.nix
    ./databases.nix
    ./deploy.nix
    ./docker-read.nix
    ./drift.nix
    ./drills.nix
    ./looks.nix
    ./metrics.nix
    ./middlewares.nix
    ./proxy.nix
    ./pruning.nix
    ./runner.nix
    ./secrets.nix
    ./snapshots.nix
    ./swarm.nix
  ];

  options.hearth = {
    enable = lib.mkEnableOption "Hearth, which keeps the swarm, secrets, certificates and apps of this host as declared";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ../packages/hearth.nix { };
      defaultText = lib.literalExpression "the helpers of this flake";
      description = ''
        The helpers that the units run, and that check each manifest while the system is built.
        Change it to run helpers that you built yourself.
      '';
    };
  };

  config = lib.mkIf config.hearth.enable {
    # `hearth`, for the person at the host, with its manual and completions.
    environment.systemPackages = [ config.hearth.package ];

    # The units are oneshots that end, and the target wants them all: starting it again reconciles everything.
    systemd.targets.hearth = {
      description = "Everything that Hearth declares for this host has been reconciled";
      wantedBy = [ "multi-user.target" ];
    };
  };
}
