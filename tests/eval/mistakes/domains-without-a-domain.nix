# refused: hearth.apps.hello.domains: the app has no domain that they would be beside
{ lib, ... }:
{
  hearth.apps.hello = {
    domain = lib.mkForce null;
    domains = [ "www.example.org" ];
    gate.probe.enable = false;
  };
}
