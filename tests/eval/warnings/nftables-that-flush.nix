# warned: networking.nftables.flushRuleset: each reload of the firewall would also take away the rules of Docker and of a handover, and no container could be reached until Docker is restarted. Set networking.nftables.flushRuleset = false.
{
  networking.nftables.enable = true;
  # The older NixOS that this is evaluated with makes no firewall of nftables.
  networking.firewall.enable = false;
  networking.nftables.flushRuleset = true;
}
