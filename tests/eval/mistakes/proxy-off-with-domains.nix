# refused: hearth.proxy is off, but hello, hello-test, miniflux would be served at a domain. Set hearth.proxy.enable = true, or take the domain away.
{ lib, ... }:
{
  hearth.proxy.enable = lib.mkForce false;
}
