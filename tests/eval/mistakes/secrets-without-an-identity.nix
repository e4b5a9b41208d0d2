# refused: hearth.secrets: nothing can decrypt the secrets of this host. Set hearth.secrets.age.keyFile to its age identity, or hearth.secrets.age.sshKeyFiles to its SSH host key.
{ lib, ... }:
{
  hearth.secrets.age.keyFile = lib.mkForce null;
}
