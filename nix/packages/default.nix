# Every package of the flake.
{ lib, pkgs }:
let
  callPackage = lib.callPackageWith (pkgs // { inherit lib; });
in
rec {
  default = hearth;
  hearth = callPackage ./hearth.nix { };
  proxy-image = callPackage ./proxy-image.nix { };
  pgbouncer-image = callPackage ./pgbouncer-image.nix { };
  option-docs = callPackage ./option-docs.nix { };
}
