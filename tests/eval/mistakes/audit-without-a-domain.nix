# refused: hearth.apps.hello.gate.audit.pages: the app has no domain for these paths. Set hearth.apps.hello.domain, or write whole addresses.
{ lib, ... }:
{
  hearth.apps.hello = {
    domain = lib.mkForce null;
    gate.audit.pages = [ "/" ];
  };
}
