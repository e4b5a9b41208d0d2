# refused: hearth.apps.hello.gate.smoke.health: the app has no domain to ask. Set hearth.apps.hello.domain, or its url.
{ lib, ... }:
{
  hearth.apps.hello = {
    domain = lib.mkForce null;
    gate.smoke.health.path = "/healthz";
  };
}
