# The file system of all homes is looked at as it is, not as an empty one in its place.
{ config, ... }:
let
  inherit (config.systemd.services.hearth-alerts.serviceConfig) ProtectHome;
in
{
  hearth.alerts.disks."/home/" = { };
  assertions = [
    {
      assertion = ProtectHome == "read-only";
      message = "ProtectHome is ${toString ProtectHome}";
    }
  ];
}
