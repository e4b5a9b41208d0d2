# Every package of the flake.
{ lib, pkgs }:
let
  # One `lib` for modules, checks and packages: that of the flake's input, whatever `pkgs` was made with.
  callPackage = lib.callPackageWith (pkgs // { inherit lib; });
in
rec {
  default = hearth;
  hearth = callPackage ./hearth.nix { };
  proxy-image = callPackage ./proxy-image.nix { };
  pgbouncer-image = callPackage ./pgbouncer-image.nix { };
  option-docs = callPackage ./option-docs.nix { };
}
