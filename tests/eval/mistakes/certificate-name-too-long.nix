# refused: the swarm secret's name would be longer than 64 characters. Shorten the name to 35 characters.
{ config, ... }:
{
  hearth.certificates.a-certificate-for-everything-that-is-here = {
    inherit (config.hearth.certificates.example) certificateFile keyFile domains;
  };
}
