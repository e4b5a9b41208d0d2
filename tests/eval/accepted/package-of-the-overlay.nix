# With the flake's overlay the helpers are `pkgs.hearth`, and what another overlay makes of it; without, those of the flake.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  packageIn =
    pkgs:
    (lib.evalModules {
      modules = [
        ../../../nix/modules
        {
          _module.check = false;
          _module.args = { inherit pkgs; };
        }
      ];
    }).config.hearth.package;
  flakes = import ../../../nix/packages/overlay.nix;
  patches = _: prev: {
    hearth = prev.hearth // {
      isPatched = true;
    };
  };
  patched = pkgs.extend (lib.composeExtensions flakes patches);
in
{
  assertions = [
    {
      assertion = (packageIn patched).isPatched or false;
      message = "hearth.package is not pkgs.hearth";
    }
    {
      assertion = config.hearth.package.pname == "hearth";
      message = "hearth.package without the overlay is ${config.hearth.package.name}";
    }
  ];
}
