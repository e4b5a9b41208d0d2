# Options that NixOS has and the older release that nixcheck evaluates with has not.
{ lib, ... }:
{
  options = {
    # Of the firewall that nftables makes; both do nothing here.
    networking.nftables.flushRuleset = lib.mkEnableOption "flushing the entire ruleset on each reload";
    networking.firewall.filterForward = lib.mkEnableOption "filtering in IP forwarding";
    systemd.services = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.overrideStrategy = lib.mkOption {
            type = lib.types.enum [
              "asDropinIfExists"
              "asDropin"
            ];
            default = "asDropinIfExists";
          };
        }
      );
    };
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

  # It has a default there.
  config.networking.nftables.ruleset = lib.mkDefault "";
}
