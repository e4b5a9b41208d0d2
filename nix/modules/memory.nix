# Memory that is never swapped, for what Hearth hands over: rendered secrets, private keys, registry logins.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
in
{
  config = lib.mkIf config.hearth.enable {
    # Mounted by systemd, so that the helper itself needs neither the right to mount nor the host's mount namespace.
    systemd.mounts = [
      {
        description = "Memory that is never swapped, for all that Hearth hands over";
        what = "tmpfs";
        where = paths.runtime;
        type = "tmpfs";
        options = paths.runtimeMemory;
        unitConfig = {
          # On a host that runs without it, it would hide what containers have mounted: there it comes with the next boot.
          ConditionPathExists = "!${paths.runtime}";
          # It is there before users are made, and so before `local-fs-pre.target`.
          DefaultDependencies = false;
        };
        wantedBy = [ "local-fs.target" ];
        before = [
          "local-fs.target"
          "umount.target"
        ];
        conflicts = [ "umount.target" ];
      }
      {
        description = "Memory that is never swapped, for rendered secrets";
        what = "tmpfs";
        where = paths.secretGenerations;
        type = "tmpfs";
        options = "mode=0751,noswap,nosuid,nodev,noexec,size=64m";
      }
    ];
  };
}
