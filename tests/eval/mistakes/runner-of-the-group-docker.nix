# refused: hearth.runner: gitea-runner is in the group `docker`, which is root on this host by another name. Take it out: it needs the door for deploys alone.
{ lib, ... }:
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [ ../../../docs/examples/gitea-actions.yml ];
  };
  users.users.gitea-runner.group = lib.mkForce "docker";
}
