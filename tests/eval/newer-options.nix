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
    # Off in NixOS' own tests, unless one asks for it.
    system.switch.enable = lib.mkEnableOption "switching to another system";
    # Its own NixOS would evaluate these with its own `lib`. tests/bed/render evaluates each as a system.
    specialisation = lib.mkOption { apply = _: { }; };
    # What a VM mounts, in place of the host's own file systems.
    virtualisation.fileSystems = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule {
          options = {
            device = lib.mkOption { type = lib.types.nullOr lib.types.nonEmptyStr; };
            fsType = lib.mkOption { type = lib.types.nonEmptyStr; };
            autoFormat = lib.mkEnableOption "a file system where there is none yet";
            options = lib.mkOption {
              type = lib.types.nonEmptyListOf lib.types.nonEmptyStr;
              default = [ "defaults" ];
            };
            depends = lib.mkOption {
              type = lib.types.listOf lib.types.path;
              default = [ ];
            };
          };
        }
      );
      default = { };
    };
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
