# refused: pipelines has the Docker socket, which is root by another name. Take it out of the group `docker`: it needs the door alone.
{ lib, ... }:
{
  users.users.ci = {
    name = "pipelines";
    isSystemUser = true;
    group = "pipelines";
    extraGroups = [ "docker" ];
  };
  users.groups.pipelines = { };
  hearth.apps.hello.deploy.users = lib.mkForce [ "pipelines" ];
}
