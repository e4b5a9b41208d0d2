# refused: branches and other are the same key, and sshd would know it by one name alone. Use one name for it.
{ config, ... }:
{
  hearth.apps.hello.deploy.keys.other =
    config.hearth.apps.hello-test.deploy.keys.branches.key + "-again";
}
