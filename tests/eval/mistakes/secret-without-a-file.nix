# refused: hearth.secrets.entries.tls_key: no sops file is named. Set hearth.secrets.defaultFile, or the secret's own `file`.
{ lib, ... }:
{
  hearth.secrets.defaultFile = lib.mkForce null;
}
