# refused: A definition for option `hearth.apps.miniflux.snapshot.drill.schedule' is not of type `null or systemd calendar expression such as *-*-* 03:30, Sun 05:00 or daily'.
{ lib, ... }:
{
  hearth.apps.miniflux.snapshot.drill.schedule = lib.mkForce "sundays";
}
