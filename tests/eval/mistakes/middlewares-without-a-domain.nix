# refused: hearth.apps.hello.middlewares: the app has no domain, so that no request comes to it through the proxy. Set hearth.apps.hello.domain, or take the middlewares away.
{ lib, ... }:
{
  hearth.apps.hello = {
    domain = lib.mkForce null;
    stack = "hello";
    gate.probe.enable = false;
    middlewares.responseHeaders.X-Frame-Options = "DENY";
  };
}
