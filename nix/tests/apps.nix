# The apps of the example that a scenario needs. The host gets no other, which spares it their starts and health checks.
{ names }:
{ lib, ... }:
{
  options.hearth.apps = lib.mkOption {
    type = lib.types.attrsOf (
      lib.types.submodule (
        { name, ... }:
        {
          config.enable = lib.mkIf (!lib.elem name names) (lib.mkForce false);
        }
      )
    );
  };
}
