# The images of the apps that tests deploy, each under the names and versions that their manifests say.
{ lib, pkgs }:
let
  versions = app: lib.importJSON (../../../tests/apps + "/${app}/versions.json");
in
[
  (pkgs.callPackage ./miniflux.nix { })
  (pkgs.callPackage ./miniflux.nix {
    version = "2.3.0-breaks";
    environment.BREAKING_MIGRATION = "1";
  })
  (pkgs.callPackage ./postgres.nix { })
  (pkgs.callPackage ../../packages/pgbouncer-image.nix {
    name = "localhost:5000/pgbouncer";
    tag = "1";
  })
]
++ lib.mapAttrsToList (
  version: environment: pkgs.callPackage ./hello.nix { inherit version environment; }
) (versions "hello")
++ lib.mapAttrsToList (version: what: pkgs.callPackage ./shop.nix (what // { inherit version; })) (
  versions "shop"
)
