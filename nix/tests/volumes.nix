# A file system of its own for volumes and snapshots, where a scenario asks for one: an XFS or a btrfs, on which a snapshot
# can share blocks with its volume.
{ fsType }:
let
  disk = "/var/lib/scenario-volumes";
  part = name: {
    device = "${disk}/${name}";
    fsType = "none";
    options = [ "bind" ];
    depends = [ disk ];
  };
in
{
  # As on the bed: a scenario fills it.
  virtualisation.emptyDiskImages = [ 8192 ];
  virtualisation.fileSystems = {
    ${disk} = {
      inherit fsType;
      device = "/dev/vdb";
      autoFormat = true;
    };
    "/var/lib/docker/volumes" = part "volumes";
    "/var/lib/hearth/snapshots" = part "snapshots";
  };
}
