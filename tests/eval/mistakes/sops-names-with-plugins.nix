# refused: sops.age.plugins: a host of Hearth decrypts with age and SSH keys in files, without plugins. Add such a key's recipient to the files with `hearth-secrets add-recipient`.
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.age.plugins = [ "age-plugin-tpm" ];
}
