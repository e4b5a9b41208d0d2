# Whoever admits visitors by rules of their own lets Hearth open nothing.
{ config, lib, ... }:
{
  hearth.proxy.openFirewall = false;
  assertions = [
    {
      assertion = lib.all (port: !lib.elem port config.networking.firewall.allowedTCPPorts) [
        80
        443
      ];
      message = "open are ${toString config.networking.firewall.allowedTCPPorts}";
    }
  ];
}
