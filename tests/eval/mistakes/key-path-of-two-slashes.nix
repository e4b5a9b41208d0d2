# refused: without `.`, `..` or `//` in it
{ lib, ... }:
{
  # A unit would not know it for a path below a home.
  hearth.secrets.age.keyFile = lib.mkForce "//home/alice/age.key";
}
