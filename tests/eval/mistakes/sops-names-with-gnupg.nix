# refused: sops.gnupg.home: Hearth does not decrypt with PGP keys.
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.gnupg.home = "/var/lib/gnupg";
}
