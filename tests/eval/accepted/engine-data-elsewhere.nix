# The engine's data on a disk of its own: units see the volumes there, and pruning measures that disk.
{ config, lib, ... }:
let
  inherit (config.systemd) services;
  writes = unit: lib.toList services.${unit}.serviceConfig.ReadWritePaths;
  manifest = config.environment.etc."hearth/pruning.json".source.content;
in
{
  virtualisation.docker.daemon.settings.data-root = "/data/docker";
  virtualisation.docker.listenOptions = [
    "/run/docker.sock"
    "/run/another.sock"
  ];
  virtualisation.docker.extraOptions = "--log-level=warn --group=docker --gpus-are-not-g";

  assertions =
    map
      (unit: {
        assertion = lib.elem "-/data/docker/volumes" (writes unit);
        message = "${unit} may write to ${toString (writes unit)}, and not to the volumes";
      })
      [
        "hearth-app-miniflux"
        "hearth-snapshot-hello"
        "hearth-drill-miniflux"
      ]
    ++ [
      {
        assertion = manifest.dataFolder == "/data/docker";
        message = "pruning measures ${manifest.dataFolder}";
      }
    ];
}
