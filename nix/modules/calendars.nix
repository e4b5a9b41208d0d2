# Whether systemd takes the calendars of Hearth's timers: it is asked when the system is built, not when a timer should have run.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  timers = lib.filterAttrs (
    name: timer: lib.hasPrefix "hearth-" name && timer.timerConfig ? OnCalendar
  ) config.systemd.timers;
  calendars = lib.unique (
    lib.concatMap (timer: lib.toList timer.timerConfig.OnCalendar) (lib.attrValues timers)
  );
in
{
  config = lib.mkIf (config.hearth.enable && calendars != [ ]) {
    system.checks = [
      (
        pkgs.runCommand "hearth-calendars" { } ''
          export PATH=${pkgs.buildPackages.systemd}/bin:$PATH
          ${pkgs.buildPackages.runtimeShell} ${../lib/check-calendars.sh} ${pkgs.buildPackages.tzdata}/share/zoneinfo ${lib.escapeShellArgs calendars}
          touch $out
        ''
        // {
          inherit calendars;
        }
      )
    ];
  };
}
