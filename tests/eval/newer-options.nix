# Options that NixOS has and the older release that nixcheck evaluates with has not.
{ lib, ... }:
{
  options = {
    services.userborn.enable = lib.mkEnableOption "userborn";
    users.users = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.hashedPasswordFile = lib.mkOption {
            type = lib.types.nullOr lib.types.str;
            default = null;
          };
        }
      );
    };
  };
}
