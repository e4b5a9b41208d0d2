# refused: sops.secrets and sops.templates are declared, and nothing renders them. Set hearth.enable = true, or import sops-nix's module instead of sops-names.
{ lib, ... }:
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  hearth.enable = lib.mkForce false;
  sops.secrets.hello_token = { };
}
