# Where a unit makes users, systemd mounts what the key lies on before.
{ lib, ... }:
{
  services.userborn.enable = true;
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
