# refused: not ./key, which would be copied into the world-readable store), without `.`, `..` or `//` in it
{ lib, ... }:
{
  hearth.secrets.age.keyFile = lib.mkForce "/var/../nix/store/age.key";
}
