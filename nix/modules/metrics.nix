# Metrics for Prometheus as a text file, which the node exporter's textfile collector reads. Nothing listens.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.metrics;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  folder = dirOf cfg.file;
  inState = lib.hasPrefix "/var/lib/" folder;
  apps = lib.filterAttrs (_: app: app.enable) config.hearth.apps;
  own = [
    "hearth-secrets"
    "hearth-swarm"
    "hearth-undeclared"
  ]
  ++ map (name: "hearth-cert-${name}") (lib.attrNames config.hearth.certificates)
  ++ map (name: "hearth-app-${name}") (lib.attrNames apps)
  ++ map (name: "hearth-snapshot-${name}") (
    lib.attrNames (
      lib.filterAttrs (_: app: app.snapshot.schedule != null && app.snapshot.mode != "none") apps
    )
  )
  ++ map (name: "hearth-drill-${name}") (
    lib.attrNames (
      lib.filterAttrs (_: app: app.snapshot.drill.schedule != null && app.snapshot.mode != "none") apps
    )
  );
in
{
  options.hearth.metrics = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether metrics are written after each run: outcome, version, last success, duration, holds, snapshots, certificates.
        Give the node exporter the file's folder: `services.prometheus.exporters.node.extraFlags = [
        "--collector.textfile.directory=/var/lib/hearth/metrics" ]`.
      '';
    };
    file = lib.mkOption {
      type = hearth.types.hostPath;
      default = "${paths.state}/metrics/hearth.prom";
      description = "Where they are written, readable by everybody. Its folder must be one that nothing else uses.";
    };
  };

  config = lib.mkIf (config.hearth.enable && cfg.enable) {
    systemd.tmpfiles.settings.hearth-metrics = lib.mkIf (!inState) { ${folder}.d.mode = "0755"; };

    hearth.looks.metrics = own;
    systemd.services.hearth-metrics = {
      description = "Write metrics of what Hearth's units did";
      serviceConfig =
        hearth.unit.hardening
        // hearth.unit.homeAccess {
          reads = lib.mapAttrsToList (_: app: app.snapshot.folder) apps;
          writes = [ folder ];
        }
        // {
          Type = "oneshot";
          ExecStart = "${config.hearth.package}/bin/hearth metrics --output ${cfg.file}";
          TimeoutStartSec = 60;
        }
        // (
          if inState then
            {
              StateDirectory = lib.removePrefix "/var/lib/" folder;
              # Whoever collects it runs as another user.
              StateDirectoryMode = "0755";
            }
          else
            { ReadWritePaths = folder; }
        );
    };
  };
}
