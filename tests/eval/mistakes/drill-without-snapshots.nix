# refused: hearth.apps.miniflux.snapshot.drill: with snapshot.mode = "none" there are no snapshots to restore.
{
  hearth.apps.miniflux.snapshot.mode = "none";
}
