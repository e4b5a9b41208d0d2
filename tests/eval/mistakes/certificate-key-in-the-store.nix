# refused: absolute path outside the Nix store, written as a string
{ lib, ... }:
{
  hearth.certificates.example.keyFile = lib.mkForce ./certificate-key-in-the-store.nix;
}
