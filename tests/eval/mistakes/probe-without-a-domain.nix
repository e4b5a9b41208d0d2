# refused: hearth.apps.hello.gate.probe: the app has no domain to ask. Set hearth.apps.hello.domain or gate.probe.url, or turn the probe off.
{ lib, ... }:
{
  hearth.apps.hello.domain = lib.mkForce null;
  hearth.apps.hello.gate.probe.enable = true;
}
