# The VM tests, by name: each file of tests/scenarios is one.
{ lib, pkgs }:
let
  # A name that begins with an underscore is a part that scenarios share. Hosts that begin with Debian's engine are the bed's.
  isOne =
    file:
    lib.hasSuffix ".py" file
    && !lib.hasPrefix "_" file
    && !lib.hasInfix "\nENGINE = \"debian\"\n" (lib.readFile (../../tests/scenarios + "/${file}"));
  names = map (lib.removeSuffix ".py") (
    lib.filter isOne (lib.attrNames (builtins.readDir ../../tests/scenarios))
  );
in
lib.genAttrs names (name: import ./scenario.nix { inherit lib pkgs name; })
