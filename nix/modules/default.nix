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
    ./firewall.nix
    ./looks.nix
    ./metrics.nix
    ./middlewares.nix
    ./proxy.nix
    ./pruning.nix
    ./renamed-options.nix
    ./runner.nix
    ./secret-checks.nix
    ./secrets.nix
    ./snapshots.nix
    ./swarm.nix
  ];

  options.hearth = {
    enable = lib.mkEnableOption "Hearth, which keeps the swarm, secrets, certificates and apps of this host as declared";

    package =
      lib.mkPackageOption
        {
          # With the flake's overlay it is the host's, and what other overlays make of it.
          hearth = pkgs.hearth or (pkgs.callPackage ../packages/hearth.nix { });
        }
        "hearth"
        {
          extraDescription = ''
            The helpers that the units run, and that check each manifest while the system is built. Without the overlay of
            Hearth's flake they are built from the same source with the host's `pkgs`.
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
