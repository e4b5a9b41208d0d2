# warned: networking.firewall.filterForward: what goes to and from containers is forwarded, and this firewall would drop it, visitors of the proxy among it. Set networking.firewall.filterForward = false, or admit the engine's networks in networking.firewall.extraForwardRules.
{
  networking.nftables.enable = true;
  # The older NixOS that this is evaluated with makes no firewall of nftables.
  networking.firewall.enable = false;
  networking.firewall.filterForward = true;
}
