# Services of modules, and of packages, whose unit files no module declares.
{
  hearth.alerts.units = {
    sshd.object = "remote access";
    brought.object = "a service of a package";
    mine.object = "a service of this host";
  };
  systemd.services.brought.overrideStrategy = "asDropin";
  systemd.services.mine.serviceConfig.ExecStart = "/run/current-system/sw/bin/true";
}
