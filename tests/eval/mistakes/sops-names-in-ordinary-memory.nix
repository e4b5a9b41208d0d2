# refused: The option definition `sops.useTmpfs'
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.useTmpfs = true;
}
