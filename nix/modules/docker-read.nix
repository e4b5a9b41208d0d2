# The proxy asks the engine for routes through this filter and never holds the engine's own socket: reading only, and only
# what routes are made of. Secrets, configs, container and image calls are refused by not being on the list.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  # What Traefik's swarm provider asks for. None of these lists shows the content of a secret or config.
  calls = [
    "_ping"
    "version"
    "info"
    "events"
    "services"
    "tasks"
    "networks"
    "nodes"
  ];

  filter = ''
    global
      log stderr format raw local0 notice

    defaults
      mode http
      log global
      option dontlognull
      timeout connect 5s
      # A stream of events may say nothing for a long time.
      timeout client 10m
      timeout server 10m

    frontend read
      # The socket that systemd made and passes on.
      bind fd@3
      acl reading method GET HEAD
      # Compared as text: regular expressions are compiled to machine code, and memory of this unit may not become code.
      acl listing path -m str ${lib.concatMapStringsSep " " (call: "/${call}") calls}
      acl versioned path,field(2,/) -m beg v1.
      acl versioned-listing path,field(3,/) -m str ${toString calls}
      # A field that is not there is found, and empty.
      acl deeper path,field(4,/) -m len 1:
      # Traefik looks up the node of each task; a node shows no more than the list of nodes.
      acl node path,field(3,/) -m str nodes
      acl below-node path,field(5,/) -m len 1:
      acl encoded path_sub % .. //
      http-request deny deny_status 403 if encoded
      # Nothing that reads sends anything along.
      acl body req.hdr(content-length),length gt 0
      acl body req.hdr(transfer-encoding),length gt 0
      http-request deny deny_status 403 if body
      http-request allow if reading listing
      http-request allow if reading versioned versioned-listing !deeper
      http-request allow if reading versioned node !below-node
      http-request deny deny_status 403
      default_backend engine

    backend engine
      server docker ${paths.dockerSocket}
  '';
in
{
  config = lib.mkIf (config.hearth.enable && config.hearth.proxy.enable) {
    environment.etc."hearth/docker-read.cfg".text = filter;

    # Made at boot before the engine starts containers, and kept across restarts of the filter: a container that mounted the
    # folder would otherwise hold one that is gone.
    systemd.sockets.hearth-docker-read = {
      description = "Read-only view of the Docker engine for the proxy";
      wantedBy = [ "sockets.target" ];
      socketConfig = {
        ListenStream = "${paths.dockerRead}/docker.sock";
        # Root in a container, with or without capabilities, is its owner; nobody else on the host may connect.
        SocketMode = "0600";
        DirectoryMode = "0755";
      };
    };

    systemd.services.hearth-docker-read = {
      description = "Filter that lets only reading calls through to the Docker engine";
      wantedBy = [ "hearth.target" ];
      requires = [ "hearth-docker-read.socket" ];
      after = [ "hearth-docker-read.socket" ];
      restartTriggers = [ config.environment.etc."hearth/docker-read.cfg".source ];
      serviceConfig = hearth.unit.hardening // {
        ExecStart = "${pkgs.haproxy}/bin/haproxy -db -f ${paths.manifests}/docker-read.cfg";
        Restart = "always";
        RestartSec = 1;
        DynamicUser = true;
        # The engine's socket belongs to this group.
        SupplementaryGroups = "docker";
        # haproxy raises its own file limit at the start.
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
        ];
      };
    };
  };
}
