# refused: hearth.apps.hello.snapshot.offsite: only scheduled snapshots are copied, and none is scheduled. Set hearth.apps.hello.snapshot.schedule.
{ lib, ... }:
{
  hearth.apps.hello.snapshot = {
    schedule = lib.mkForce null;
    offsite = {
      repository = "/srv/backup";
      passwordFile = "/var/lib/restic-password";
    };
  };
}
