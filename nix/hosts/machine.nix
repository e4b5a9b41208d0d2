# What the example host is made of: replace it by your machine's own hardware-configuration.nix.
{ lib, ... }:
{
  networking.hostName = lib.mkDefault "example";
  boot.loader.grub.device = lib.mkDefault "/dev/vda";
  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/nixos";
    fsType = "btrfs";
  };
  # Nobody reads the manual on a server, and it is what takes longest to evaluate.
  documentation.nixos.enable = lib.mkDefault false;
  system.stateVersion = "26.05";
}
