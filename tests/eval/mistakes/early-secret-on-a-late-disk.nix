# refused: hearth.secrets.age.keyFile or sshKeyFiles: /keys/age.key lies on the file system /keys, which is mounted after secrets with neededForUsers are rendered. Set fileSystems."/keys".neededForBoot = true.
{ lib, ... }:
{
  fileSystems."/keys" = {
    device = "/dev/disk/by-label/keys";
    fsType = "ext4";
  };
  hearth.secrets.age.keyFile = lib.mkForce "/keys/age.key";
  hearth.secrets.entries.password = {
    key = "hello_token";
    neededForUsers = true;
  };
}
