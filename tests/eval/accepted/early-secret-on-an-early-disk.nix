# The host's key on a file system of its own that is there before users are made.
{ lib, ... }:
{
  fileSystems."/keys" = {
    device = "/dev/disk/by-label/keys";
    fsType = "ext4";
    neededForBoot = true;
  };
  hearth.secrets.age.keyFile = lib.mkForce "/keys/age.key";
  hearth.secrets.entries.password = {
    key = "hello_token";
    neededForUsers = true;
  };
}
