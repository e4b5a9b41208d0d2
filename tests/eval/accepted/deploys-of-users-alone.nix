# Without a key nobody logs in, so that there is no user for it.
{ config, lib, ... }:
{
  hearth.apps.hello.deploy.keys = lib.mkForce { };
  hearth.apps.hello-test.deploy = lib.mkForce null;
  services.openssh.enable = lib.mkForce false;
  # Somebody's own, which has nothing to do with Hearth.
  users.users.deploy = {
    isNormalUser = true;
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA admin" ];
  };
  assertions = [
    {
      assertion = !config.users.users ? ${config.hearth.deploy.user};
      message = "there is a user that nobody can be";
    }
    {
      assertion = config.users.groups.hearth-deploy.members == [ "runner" ];
      message = "the runner cannot knock";
    }
  ];
}
