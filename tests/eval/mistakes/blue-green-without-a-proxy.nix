# refused: hearth.apps.hello.update = "blue-green": it is the proxy that sends visitors to the one colour or the other. Set hearth.proxy.enable = true
{ lib, ... }:
{
  hearth.proxy.enable = lib.mkForce false;
  hearth.apps.hello.update = "blue-green";
}
