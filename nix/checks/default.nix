# What `nix flake check` proves. The listings are the lists: each file here is a check, each file of tests/scenarios is a
# VM test, each package and shell must build.
{
  lib,
  pkgs,
  self,
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;

  # A name that begins with an underscore is a part that others share.
  filesOf =
    suffix: folder:
    let
      isOne = file: lib.hasSuffix suffix file && !lib.hasPrefix "_" file;
      path = file: lib.nameValuePair (lib.removeSuffix suffix file) (folder + "/${file}");
    in
    lib.listToAttrs (map path (lib.filter isOne (lib.attrNames (builtins.readDir folder))));
  prefixed = prefix: lib.mapAttrs' (name: lib.nameValuePair "${prefix}-${name}");

  own = lib.mapAttrs (_: file: pkgs.callPackage file { inherit lib; }) (
    removeAttrs (filesOf ".nix" ./.) [ "default" ]
  );
  scenarios = lib.mapAttrs (
    name: script:
    import ../tests/scenario.nix {
      inherit
        lib
        pkgs
        name
        script
        ;
    }
  ) (filesOf ".py" ../../tests/scenarios);
in
own
// prefixed "scenario" scenarios
// prefixed "package" self.packages.${system}
// prefixed "shell" self.devShells.${system}
