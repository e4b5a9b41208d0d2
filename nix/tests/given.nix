# The variables that a test provides to its scenario; `_given.json` says what each is, and the bed provides the same.
{ lib, pkgs }:
let
  given = {
    LONG = false;
    SOURCE = toString (
      lib.sourceByRegex ../.. [
        "secrets(/.*)?"
        "tests"
        "tests/recipes(/.*)?"
        "nix"
        "nix/recipes(/.*)?"
      ]
    );
    GIT = lib.getExe pkgs.gitMinimal;
    RESTIC = lib.getExe pkgs.restic;
    REGISTRY_FOLDER = "/var/lib/docker-registry";
    REGISTRY_LOGINS = "/run/registry/htpasswd";
  };
  listed = lib.attrNames (lib.importJSON ../../tests/scenarios/_given.json);
in
assert lib.assertMsg (lib.attrNames given == listed)
  "tests/scenarios/_given.json lists ${toString listed}, and a VM test provides ${toString (lib.attrNames given)}";
given
