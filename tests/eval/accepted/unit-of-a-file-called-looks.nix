# A service to watch may be declared in a file of any name.
{
  imports = [
    {
      _file = "/etc/nixos/looks.nix";
      systemd.services.export.script = "true";
    }
  ];
  hearth.alerts.units.export.object = "nightly export";
}
