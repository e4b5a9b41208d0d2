# refused: sops.gnupg.sshKeyPaths: Hearth does not decrypt with PGP keys.
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.gnupg.sshKeyPaths = [ "/etc/ssh/ssh_host_rsa_key" ];
}
