# One disk more is one more, and the first can be said anew or taken away.
{ config, lib, ... }:
let
  inherit (config.hearth.alerts) disks;
in
{
  hearth.alerts.disks."/srv".freePercent = 5;
  assertions = [
    {
      assertion =
        lib.attrNames disks == [
          "/"
          "/srv"
        ];
      message = "watched are ${toString (lib.attrNames disks)}";
    }
    {
      assertion = disks."/".freePercent == 10;
      message = "of / must be free: ${toString disks."/".freePercent}";
    }
  ];
}
