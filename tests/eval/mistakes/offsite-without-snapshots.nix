# refused: hearth.apps.hello.snapshot.offsite: with snapshot.mode = "none" there is nothing to copy. Set another mode, or take offsite away.
{ lib, ... }:
{
  hearth.apps.hello.snapshot = {
    mode = "none";
    schedule = lib.mkForce null;
    offsite = {
      repository = "/srv/backup";
      passwordFile = "/var/lib/restic-password";
    };
  };
}
