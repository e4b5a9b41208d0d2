# Pruning by bytes alone, with snapshots in somebody's home.
{
  hearth.pruning = {
    enable = true;
    freePercent = null;
    freeBytes = 21474836480;
    unusedHours = 72;
    keep = [ "postgres" ];
  };
  hearth.apps.hello.snapshot.folder = "/home/backup/hello";
}
