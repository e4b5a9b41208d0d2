# refused: for everything one level below it, of at most 253 characters
{ lib, config, ... }:
{
  hearth.certificates.long = {
    certificateFile = ./certificate-domain-too-long.nix;
    keyFile = config.hearth.secrets.entries.tls_key.path;
    domains = [ ("*." + lib.concatStrings (lib.replicate 63 "shop.") + "example.org") ];
  };
}
