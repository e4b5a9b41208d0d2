# The name that other tools use is free, sshd hears of a change, and the user's number may be chosen.
{ config, lib, ... }:
let
  inherit (config.users.users) hearth-deploy;
in
{
  users.users.deploy = {
    isNormalUser = true;
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA admin" ];
  };
  users.users.hearth-deploy.uid = 990;
  assertions = [
    {
      assertion = hearth-deploy.isSystemUser && hearth-deploy.group == "hearth-deploy";
      message = "the keys' user is another";
    }
    {
      assertion =
        lib.elem config.environment.etc."hearth/deploy-sshd.conf".text
          config.systemd.services.sshd.restartTriggers;
      message = "sshd goes on with what it read when it started";
    }
  ];
}
