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
    ./app-checks.nix
    ./apps.nix
    ./calendars.nix
    ./certificates.nix
    ./databases.nix
    ./deploy.nix
    ./docker-read.nix
    ./docker-settings.nix
    ./drift.nix
    ./drills.nix
    ./firewall.nix
    ./looks.nix
    ./memory.nix
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
    ./undeclared.nix
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

    reconcileInBackground = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether an activation and a boot go on while apps are still being reconciled. By default `nixos-rebuild switch` waits until
        each app has passed its gate or was rolled back, and ends with an error when one did not; that may take as long as the
        longest gate, an hour and more where snapshots are taken. Turn it on where a deployment tool gives up earlier: the
        switch then says nothing of the apps, whose outcome is told by alerts and `hearth status`.
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
    }
    // lib.optionalAttrs config.hearth.reconcileInBackground {
      # The default dependencies order it after all that it wants; of these it keeps what ends it with the host.
      unitConfig.DefaultDependencies = false;
      before = [ "shutdown.target" ];
      conflicts = [ "shutdown.target" ];
    };
  };
}
