# Settings of NixOS' firewall under which no container can be reached.
{ config, lib, ... }:
let
  inherit (config) networking;
in
{
  config = lib.mkIf config.hearth.enable {
    warnings =
      lib.optional (networking.nftables.enable && networking.nftables.flushRuleset)
        "networking.nftables.flushRuleset: each reload of the firewall would also take away the rules of Docker and of a handover, and no container could be reached until Docker is restarted. Set networking.nftables.flushRuleset = false."
      ++
        lib.optional (networking.nftables.enable && networking.firewall.filterForward)
          "networking.firewall.filterForward: what goes to and from containers is forwarded, and this firewall would drop it, visitors of the proxy among it. Set networking.firewall.filterForward = false, or admit the engine's networks in networking.firewall.extraForwardRules.";
  };
}
