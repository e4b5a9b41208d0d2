# warned: hearth.certificates.other covers the domain of no app (*.example.com). The proxy serves it to whoever asks for such a name, as a recipe may by a route of its own; remove it, or correct its domains, if none does.
{ config, ... }:
{
  hearth.certificates.other = {
    inherit (config.hearth.certificates.example) certificateFile keyFile;
    domains = [ "*.example.com" ];
  };
}
