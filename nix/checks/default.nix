# What `nix flake check` proves, in minutes: each file here is a check, each package and shell must build, the example host
# too, and a few scenarios boot it. All scenarios are the VM tests of `legacyPackages.SYSTEM.vm-tests`, which take hours.
{
  lib,
  pkgs,
  self,
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;

  files = removeAttrs (builtins.readDir ./.) [ "default.nix" ];
  prefixed = prefix: lib.mapAttrs' (name: lib.nameValuePair "${prefix}-${name}");

  own = lib.mapAttrs' (
    file: _:
    lib.nameValuePair (lib.removeSuffix ".nix" file) (
      pkgs.callPackage (./. + "/${file}") { inherit lib; }
    )
  ) files;
  # A second run and a reboot that change nothing, an update that is rolled back with its data, and rotated secrets.
  scenarios = lib.getAttrs [
    "rolls_back"
    "secrets"
    "unchanged"
  ] (import ../tests { inherit lib pkgs; });
in
own
// prefixed "scenario" scenarios
// lib.optionalAttrs (system == "x86_64-linux") {
  host-example = self.nixosConfigurations.example.config.system.build.toplevel;
}
// prefixed "package" self.packages.${system}
// prefixed "shell" self.devShells.${system}
