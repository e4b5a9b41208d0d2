# What looks at the host whenever a unit has ended: what is told of it, its metrics. Helpers know nothing of these.
#
# A unit that ended cannot simply start the one that looks: where that is under way already, systemd takes the new start
# for the old one, and nobody sees what happened after the look. So it starts `hearth-ended`, which leaves a mark for each
# look. A look takes its mark away before it begins; a mark that is there when it ends starts it again. And no look begins
# while a mark is being left, so a unit that ended in that moment is seen, too.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  cfg = config.hearth.looks;
  marks = {
    RuntimeDirectory = lib.removePrefix "/run/" paths.looks;
    RuntimeDirectoryMode = "0700";
    RuntimeDirectoryPreserve = true;
  };
  # At a boot many units end within seconds.
  unitConfig.StartLimitIntervalSec = 0;
in
{
  options.hearth.looks = lib.mkOption {
    type = lib.types.attrsOf (lib.types.listOf lib.types.nonEmptyStr);
    default = { };
    internal = true;
    description = "The services after whose end `hearth-NAME.service` is started, by NAME; both without `.service`.";
  };

  config = lib.mkIf (config.hearth.enable && cfg != { }) {
    systemd.paths = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "hearth-${name}" {
        description = "Look again where a unit has ended since the last look";
        wantedBy = [ "paths.target" ];
        pathConfig.PathExists = "${paths.looks}/${name}";
      }
    ) cfg;

    systemd.services = lib.mkMerge (
      [
        {
          hearth-ended = {
            description = "Note that a unit has ended";
            # Whatever it required would be started again for it: with `sysinit.target` the secrets, which are rendered before
            # that is reached, and whose end starts this.
            unitConfig = unitConfig // {
              DefaultDependencies = false;
            };
            conflicts = [ "shutdown.target" ];
            before = [ "shutdown.target" ];
            serviceConfig =
              hearth.unit.hardening
              // marks
              // {
                Type = "oneshot";
                ExecStart = "${pkgs.coreutils}/bin/touch ${
                  lib.concatMapStringsSep " " (name: "${paths.looks}/${name}") (lib.attrNames cfg)
                }";
              };
          };
        }
      ]
      ++ lib.mapAttrsToList (name: _: {
        "hearth-${name}" = {
          inherit unitConfig;
          after = [ "hearth-ended.service" ];
          serviceConfig = marks // {
            ExecStartPre = "${pkgs.coreutils}/bin/rm -f ${paths.looks}/${name}";
          };
        };
      }) cfg
      ++ lib.singleton (
        lib.genAttrs (lib.unique (lib.concatLists (lib.attrValues cfg))) (_: {
          unitConfig = {
            OnFailure = [ "hearth-ended.service" ];
            # A hold counts as a success for systemd, and that something is well again is told, too.
            OnSuccess = [ "hearth-ended.service" ];
          };
        })
      )
    );
  };
}
