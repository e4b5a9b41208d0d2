# Secrets are there before services are, at a boot and in an activation; a unit that starts early and is named waits, too.
{ config, lib, ... }:
let
  unit = config.systemd.services.hearth-secrets;
  isBefore = name: {
    assertion = lib.elem name unit.before;
    message = "hearth-secrets is not before ${name}";
  };
  isWantedBy = name: {
    assertion = lib.elem name unit.wantedBy;
    message = "hearth-secrets is not wanted by ${name}";
  };
  isAfter = name: {
    assertion = lib.elem name unit.after;
    message = "hearth-secrets is not after ${name}";
  };
in
{
  hearth.secrets.entries.hello_token = {
    restartUnits = [ "systemd-networkd.service" ];
    reloadUnits = [ "nginx.service" ];
  };
  hearth.secrets.templates.mail = {
    content = "";
    restartUnits = [ "postfix.service" ];
  };
  assertions = [
    {
      assertion = unit.unitConfig.DefaultDependencies == false;
      message = "hearth-secrets waits for sysinit.target";
    }
    {
      # systemd orders it after its timer.
      assertion = config.systemd.timers.hearth-secrets.unitConfig.DefaultDependencies or true == false;
      message = "the timer of hearth-secrets waits for sysinit.target, and hearth-secrets for the timer";
    }
  ]
  ++ map isBefore [
    "sysinit.target"
    "sysinit-reactivation.target"
    "hearth.target"
    "shutdown.target"
    "systemd-networkd.service"
    "nginx.service"
    "postfix.service"
  ]
  ++ map isWantedBy [
    "sysinit.target"
    "sysinit-reactivation.target"
    "hearth.target"
  ]
  # Owners are there, and what tmpfiles puts in place.
  ++ map isAfter [
    "systemd-sysusers.service"
    "userborn.service"
    "systemd-tmpfiles-setup.service"
  ];
}
