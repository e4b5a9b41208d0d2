# Whatever waits for the network asks for it, too.
{ config, lib, ... }:
let
  own = lib.filterAttrs (name: _: lib.hasPrefix "hearth" name) config.systemd.services;
  waits = lib.filterAttrs (_: unit: lib.elem "network-online.target" unit.after) own;
in
{
  assertions =
    lib.mapAttrsToList (name: unit: {
      assertion = lib.elem "network-online.target" unit.wants;
      message = "${name} is after network-online.target and does not want it";
    }) waits
    ++ lib.singleton {
      assertion = waits ? hearth-alerts;
      message = "alerts are sent before there is a network";
    };
}
