# refused: hearth.certificates.other covers the domain of no app: nothing would be served with it. Remove it, or correct its domains (*.example.com).
{ config, ... }:
{
  hearth.certificates.other = {
    inherit (config.hearth.certificates.example) certificateFile keyFile;
    domains = [ "*.example.com" ];
  };
}
