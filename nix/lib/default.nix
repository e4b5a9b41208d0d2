# What the modules share: where things lie on a host, option types, manifests, units.
{
  lib,
  pkgs,
  config,
}:
{
  paths = import ./paths.nix { inherit config; };
  types = import ./types.nix { inherit lib; };
  accounts = import ./accounts.nix { inherit lib config; };
  manifest = import ./manifest.nix { inherit lib pkgs config; };
  gates = import ./gates.nix { inherit lib config; };
  migrations = import ./migrations.nix { inherit lib; };
  middlewares = import ./middlewares.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  recipes = import ./recipes.nix { inherit lib pkgs; };
  unit = import ./unit.nix { inherit lib config; };
}
