# Files in somebody's home, for every unit that is given one: each sees what it was given there, and nothing else.
{ config, lib, ... }:
let
  sees = unit: config.systemd.services.${unit}.serviceConfig;
  listed = option: unit: lib.toList ((sees unit).${option} or [ ]);
  given = {
    hearth-swarm.reads = [ "/root/registry" ];
    hearth-cert-example.reads = [
      "/root/tls/crt"
      "/root/tls/key"
    ];
    hearth-app-hello.reads = [
      "/home/admin/hello"
      "/root/ca.pem"
      "/run/user/1000/token"
    ];
    hearth-app-miniflux = {
      reads = [ ];
      writes = [ "/home/snapshots/miniflux" ];
    };
    hearth-drift.reads = [
      "/home/admin/hello"
      "/root/ca.pem"
      "/root/superuser"
      "/run/user/1000/token"
    ];
    hearth-snapshot-hello = {
      reads = [
        "/root/restic"
        "/root/restic.env"
      ];
      writes = [ "/home/backup" ];
    };
    hearth-drill-miniflux.reads = [ "/home/snapshots/miniflux" ];
    hearth-pruning.reads = [ "/home/snapshots/miniflux" ];
    hearth-metrics.reads = [ "/home/snapshots/miniflux" ];
    hearth-databases.reads = [ "/root/superuser" ];
    hearth-alerts.reads = [
      "/home/media"
      "/root/ntfy"
    ];
  };
  checkOf =
    unit:
    {
      reads,
      writes ? [ ],
    }:
    [
      {
        assertion = (sees unit).ProtectHome == "tmpfs";
        message = "${unit}: ProtectHome is ${toString (sees unit).ProtectHome}";
      }
    ]
    ++ map (path: {
      assertion = lib.elem "-${path}" (listed "BindReadOnlyPaths" unit);
      message = "${unit} does not see ${path}";
    }) reads
    ++ map (path: {
      assertion = lib.elem "-${path}" (listed "BindPaths" unit);
      message = "${unit} may not write to ${path}";
    }) writes
    ++ map (path: {
      assertion = lib.elem (lib.removePrefix "-" path) (reads ++ writes);
      message = "${unit} sees ${path}, which it was not given";
    }) (listed "BindReadOnlyPaths" unit ++ listed "BindPaths" unit);
in
{
  hearth = {
    swarm.registries."registry.example.org" = {
      username = "hearth";
      passwordFile = "/root/registry";
    };
    certificates.example = {
      certificateFile = lib.mkForce "/root/tls/crt";
      keyFile = lib.mkForce "/root/tls/key";
    };
    secrets.entries.hello_token.path = "/run/user/1000/token";
    secrets.entries.superuser = {
      key = "hello_token";
      path = "/root/superuser";
    };
    apps.hello = {
      recipe = lib.mkForce "/home/admin/hello";
      gate.probe.caFile = lib.mkForce "/root/ca.pem";
      # Words for the containers, which no unit reads.
      environment.MEDIA = "/home/elsewhere";
      allow.hostPaths = [ "/home/elsewhere" ];
      snapshot.offsite = {
        repository = "/home/backup";
        passwordFile = "/root/restic";
        environmentFile = "/root/restic.env";
      };
    };
    apps.hello-test.secrets = lib.mkForce { };
    apps.miniflux.snapshot.folder = "/home/snapshots/miniflux";
    databases = {
      enable = true;
      superuserPasswordSecret = "superuser";
      poolerPasswordSecret = "superuser";
      databases.shop = {
        ownerPasswordSecret = "superuser";
        appPasswordSecret = "miniflux_db_password";
      };
    };
    alerts.disks."/home/media" = { };
    alerts.channels.phone.ntfy = {
      topic = "host";
      tokenFile = "/root/ntfy";
    };
  };
  assertions = lib.concatLists (lib.mapAttrsToList checkOf given) ++ [
    {
      assertion = (sees "hearth-app-hello-test").ProtectHome == true;
      message = "a unit that was given nothing there sees homes";
    }
  ];
}
