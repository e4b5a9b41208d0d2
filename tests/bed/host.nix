# The example host as the bed runs it, on Debian: only what lies elsewhere there is said again.
{ config, lib, ... }:
let
  goModule = builtins.readFile ./traefik/go.mod;
  version = builtins.head (builtins.match ".*github.com/traefik/traefik/v3 v([0-9.]+).*" goModule);
in
{
  imports = [
    ../../nix/hosts/example.nix
    ../../nix/tests/files.nix
    ../../nix/tests/operator.nix
  ];

  # Rendered under another name, since no file in the store may have an `@` in its own; `render` gives it back.
  systemd.units."hearth-deploy-AT.service" = {
    inherit (config.systemd.units."hearth-deploy@.service") text;
  };

  # What NixOS has in a system beside /etc, for the bed to put in its place: the settings that the engine is started with, and
  # what is asked before a switch.
  environment.etc = {
    "hearth/bed/daemon.json".text = builtins.toJSON config.virtualisation.docker.daemon.settings;
  }
  // lib.mapAttrs' (
    name: text:
    lib.nameValuePair "hearth/bed/pre-switch-checks/${name}" { text = "#!/bin/bash\n${text}"; }
  ) (config.system.preSwitchChecks or { });

  # The bed builds the proxy from its Go module instead of from nixpkgs.
  hearth.proxy.image = {
    name = "hearth/traefik:${version}";
    archive = "/opt/hearth/images/traefik.tar";
  };

  # A host of the bed shares the disk of the machine that runs it, and a test must not depend on how full that is.
  hearth.alerts.disks = lib.mkForce { };
}
