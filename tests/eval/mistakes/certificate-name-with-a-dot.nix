# refused: hearth.certificates.example.org: a name is made of lower-case letters, digits and `-`. Rename it.
{ config, ... }:
{
  hearth.certificates."example.org" = {
    inherit (config.hearth.certificates.example) certificateFile keyFile domains;
  };
}
