# refused: sops.age.generateKey: Hearth makes no key by itself. Make it once with `hearth-secrets keys --new FILE`, and set hearth.secrets.age.keyFile.
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.age.generateKey = true;
}
