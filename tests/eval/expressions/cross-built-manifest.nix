# A manifest of a host is checked by helpers that run where its system is built: the host's own, or, where it is built for
# another processor, the same ones for the builder's.
let
  rig = builtins.getEnv "HEARTH_NIXCHECK";
  nixpkgs = builtins.getEnv "NIXCHECK_TREES" + "/nixpkgs";
  inherit ((import (rig + "/flake.nix")).outputs { }) lib;
  overlay = import (rig + "/overlay.nix") {
    inherit lib nixpkgs;
    nixosSystem = null;
  };

  pkgsFor =
    target:
    import nixpkgs (
      {
        system = "x86_64-linux";
        config = { };
        overlays = [ overlay ];
      }
      // target
    );
  checkOf =
    pkgs:
    let
      manifest = import ../../../nix/lib/manifest.nix {
        inherit lib;
        pkgs = pkgs // {
          writeTextFile = file: file;
        };
        config.hearth.package = "/the-host's";
      };
    in
    (manifest {
      name = "x";
      helper = "reconcile-app";
      content = { };
    }).checkPhase;

  native = checkOf (pkgsFor { });
  cross = pkgsFor { crossSystem.config = "aarch64-unknown-linux-gnu"; };
  # What stands in for the package, built for the builder.
  helpers = (cross.buildPackages.callPackage ../../../nix/packages/hearth.nix { }).outPath;
in
assert lib.hasPrefix "/the-host's/bin/reconcile-app --check" native;
assert lib.hasPrefix "${helpers}/bin/reconcile-app --check" (checkOf cross);
true
