# refused: but nobody can log in with them. Set services.openssh.enable = true, or use deploy.users for a runner on this host.
{ lib, ... }:
{
  services.openssh.enable = lib.mkForce false;
}
