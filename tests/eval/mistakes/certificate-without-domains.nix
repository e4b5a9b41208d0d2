# refused: hearth.certificates.example.domains
{ lib, ... }:
{
  hearth.certificates.example.domains = lib.mkForce [ ];
}
