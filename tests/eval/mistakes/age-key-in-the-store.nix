# refused: absolute path outside the Nix store, written as a string
{ lib, ... }:
{
  hearth.secrets.age.keyFile = lib.mkForce "${./age-key-in-the-store.nix}";
}
