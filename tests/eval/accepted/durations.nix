# Time spans as systemd.time(7) has them.
{ lib, ... }:
{
  hearth.drift.interval = "1 hour";
  hearth.alerts.interval = "2min 30s";
  hearth.pruning.interval = "1.5h";
  hearth.apps =
    lib.mapAttrs'
      (
        name: interval:
        lib.nameValuePair "follows-${name}" {
          recipe = {
            git.url = "https://git.example.org/shop.git";
            policy = "minor";
            inherit interval;
          };
        }
      )
      {
        a = "5 minutes";
        b = "1 w 2 days";
        c = "90";
        d = "500 msec";
        e = "1M";
        f = "3 months";
      };
}
