# The door for pipelines: a Unix socket, and a user whose SSH keys reach nothing but that socket. Behind it one hardened
# instance of a unit serves one deploy, and the app's own unit does the work.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.hearth.deploy;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  deployed = lib.filterAttrs (_: app: app.enable && app.deploy != null) config.hearth.apps;
  group = "hearth-deploy";
  # The registry is asked for signatures; without them the engine and systemd are all that is asked.
  network = lib.any (app: app.deploy.cosignKeys != [ ]) (lib.attrValues deployed);
  manifestPath = "${paths.manifests}/deploy.json";
  command = "${config.hearth.package}/bin/deploy-app";

  # The values of all environments by their names, such as the public keys that go by one name.
  gathered = option: lib.zipAttrs (lib.mapAttrsToList (_: app: app.deploy.${option}) deployed);
  keys = lib.mapAttrs (_: lib.unique) (gathered "keys");
  # The comment of a key says nothing about which key it is.
  bare = declared: lib.concatStringsSep " " (lib.take 2 (lib.splitString " " declared.key));
  # Nothing of a value can end its quotes: the types of the options have no such character.
  limitsOf =
    declared:
    lib.optionalString (declared.from != [ ]) ",from=\"${lib.concatStringsSep "," declared.from}\""
    + lib.optionalString (declared.expires != null) ",expiry-time=\"${declared.expires}\"";
  namesOf = lib.zipAttrs (
    lib.mapAttrsToList (name: texts: lib.genAttrs (lib.unique (map bare texts)) (_: name)) keys
  );
  users = lib.unique (lib.concatLists (lib.mapAttrsToList (_: app: app.deploy.users) deployed));
  # Four for each key, as `deploy-app` counts them, and some whose request has not arrived.
  perUser = 4 * lib.length (lib.attrNames keys) + 16;

  environmentOf = name: app: {
    inherit name;
    inherit (app.deploy)
      app
      environment
      cosignKeys
      image
      labels
      users
      ;
    keys = lib.attrNames app.deploy.keys;
    stateFolder = "${paths.state}/apps/${name}";
  };
  manifest = hearth.manifest {
    name = "deploy";
    helper = "deploy-app";
    content = {
      socket = paths.deploySocket;
      queueFolder = paths.deployQueue;
      inherit (paths) dockerSocket;
      dockerConfigFolder = paths.dockerConfig;
      engineFolder = paths.engine;
      systemctlCommand = "${config.systemd.package}/bin/systemctl";
      journalctlCommand = "${config.systemd.package}/bin/journalctl";
      sshUser = cfg.user;
      environments = lib.mapAttrsToList environmentOf deployed;
    };
  };

  authorizedKeys = lib.concatStrings (
    lib.mapAttrsToList (name: declared: ''
      command="${command} --door ssh --key ${name} ${manifestPath}",restrict${limitsOf (lib.head declared)} ${(lib.head declared).key}
    '') keys
  );
  # `restrict` says most of this too; here it holds whatever stands in the line of a key.
  sshd = ''
    Match User ${cfg.user}
      AuthorizedKeysFile ${paths.manifests}/deploy-keys
      AuthenticationMethods publickey
      DisableForwarding yes
      TrustedUserCAKeys none
      AuthorizedKeysCommand none
      AuthorizedPrincipalsFile none
      HostbasedAuthentication no
      PermitTTY no
      PermitTunnel no
      PermitUserRC no
  '';

  twice = lib.filterAttrs (_: names: lib.length names > 1) (
    lib.zipAttrs (
      lib.mapAttrsToList (name: app: { "${app.deploy.app} ${app.deploy.environment}" = name; }) deployed
    )
  );
  # What others say of the keys' user: its number may be theirs, all else would be lost on them.
  strangers = lib.filter (
    definition:
    definition.file != toString ./deploy.nix
    && definition.value ? ${cfg.user}
    && (
      let
        said = definition.value.${cfg.user};
      in
      lib.isFunction said || removeAttrs said [ "uid" ] != { }
    )
  ) options.users.users.definitionsWithLocations;
  hasDocker =
    user:
    hearth.accounts.isMember {
      inherit user;
      group = "docker";
    };
in
{
  options.hearth.deploy.user = lib.mkOption {
    type = lib.types.strMatching "[a-z_][a-z0-9_-]{0,30}";
    default = "hearth-deploy";
    description = ''
      The user that the keys of `hearth.apps.*.deploy.keys` log in as, made where there are any. It is used for nothing else: sshd
      takes no other key for it. Set `"deploy"` for pipelines that log in by that name, as it was by default in earlier versions.
    '';
  };

  config = lib.mkIf (config.hearth.enable && deployed != { }) {
    assertions =
      lib.mapAttrsToList (both: names: {
        assertion = false;
        message = "hearth.apps: ${lib.concatStringsSep " and " names} are both `${both}` to a pipeline. Give each its own deploy.environment.";
      }) twice
      ++ lib.mapAttrsToList (name: texts: {
        assertion = lib.length (lib.unique (map bare texts)) == 1;
        message = "hearth.apps.*.deploy.keys.${name} is two different keys. Give each a name of its own.";
      }) keys
      ++ lib.mapAttrsToList (name: declared: {
        assertion = lib.length (lib.unique (map limitsOf declared)) == 1;
        message = "hearth.apps.*.deploy.keys.${name}: `from` and `expires` differ between environments, and sshd knows one line for a key. Say the same in all of them.";
      }) keys
      ++ lib.mapAttrsToList (_: names: {
        assertion = lib.length names == 1;
        message = "hearth.apps.*.deploy.keys: ${lib.concatStringsSep " and " names} are the same key, and sshd would know it by one name alone. Use one name for it.";
      }) namesOf
      ++ map (name: {
        assertion = builtins.match "[A-Za-z0-9][A-Za-z0-9._-]*" name != null;
        message = "hearth.apps.*.deploy.keys.\"${name}\": the name of a key is made of letters, digits, `.`, `_` and `-`. Rename it.";
      }) (lib.attrNames keys)
      ++ [
        {
          assertion = keys == { } || config.services.openssh.enable;
          message = "hearth.apps.*.deploy.keys are declared, but nobody can log in with them. Set services.openssh.enable = true, or use deploy.users for a runner on this host.";
        }
      ]
      ++ [
        {
          assertion = keys == { } || strangers == [ ];
          message = "hearth.deploy.user: users.users.${cfg.user} is declared elsewhere too, and whoever uses it could no longer log in: its keys would be the pipelines' alone. Set hearth.deploy.user to a name that is free.";
        }
        {
          assertion = !lib.elem "root" users;
          message = "hearth.apps.*.deploy.users: root may deploy anyway. Take it out of the list.";
        }
      ]
      ++ map (user: {
        assertion = !hasDocker user;
        message = "hearth.apps.*.deploy.users: ${user} has the Docker socket, which is root by another name. Take it out of the group `docker`: it needs the door alone.";
      }) users
      ++ lib.mapAttrsToList (name: app: {
        assertion =
          !lib.elem app.deploy.variable [
            "DOMAIN"
            "STACK_NAME"
          ];
        message = "hearth.apps.${name}.deploy.variable: ${app.deploy.variable} is Hearth's. Name the variable that holds the image.";
      }) deployed;

    environment.etc = {
      "hearth/deploy.json".source = manifest;
    }
    // lib.optionalAttrs (keys != { }) {
      # Files, not links into the store: sshd trusts no folder that a group may write to.
      "hearth/deploy-keys" = {
        mode = "0444";
        text = authorizedKeys;
      };
      "hearth/deploy-sshd.conf".text = sshd;
    };

    services.openssh = lib.mkIf (keys != { }) {
      # Whatever `Match` stands before it or after it means something else.
      extraConfig = lib.mkAfter ''
        Match all
        Include ${paths.manifests}/deploy-sshd.conf
        Match all
      '';
    };

    # It reads the included file when it starts. One that is started for each connection has nothing to forget.
    systemd.services.sshd = lib.mkIf (keys != { } && !config.services.openssh.startWhenNeeded) {
      restartTriggers = [ sshd ];
    };

    users.users = lib.mkIf (keys != { }) {
      ${cfg.user} = {
        isSystemUser = true;
        description = "Deploys by SSH";
        inherit group;
        # sshd starts the forced command with it, and hands it nothing of what was asked for.
        shell = "/bin/sh";
      };
    };
    users.groups.${group}.members = users;

    systemd.sockets.hearth-deploy = {
      description = "Door for pipelines";
      wantedBy = [ "sockets.target" ];
      socketConfig = {
        ListenStream = paths.deploySocket;
        Accept = true;
        # Who may knock. What they may deploy is decided by who the kernel says they are.
        SocketGroup = group;
        SocketMode = "0660";
        DirectoryMode = "0755";
        # By the number of a user. All keys share theirs, and `deploy-app` counts the places of each key: what the socket
        # leaves to one user is more than all of these hold together, and what it has in all is more than one user gets.
        MaxConnectionsPerSource = perUser;
        MaxConnections = perUser * (lib.length users + 2);
      };
    };

    systemd.services."hearth-deploy@" = {
      description = "Deploy for one connection";
      # A new system does not end a deploy that is under way.
      restartIfChanged = false;
      # Numbered instances would otherwise stay behind, each with its failure.
      unitConfig.CollectMode = "inactive-or-failed";
      # It asks the engine and systemd through their sockets. What needs more is done by the app's own unit.
      serviceConfig =
        hearth.unit.hardening
        // hearth.unit.network { allowed = network; }
        // {
          ExecStart = "${command} --door socket ${manifestPath}";
          StandardInput = "socket";
          StandardOutput = "journal";
          StandardError = "journal";
          RuntimeDirectory = lib.removePrefix "/run/" paths.deployQueue;
          RuntimeDirectoryMode = "0700";
          RuntimeDirectoryPreserve = true;
          StateDirectory = map (name: "hearth/apps/${name}") (lib.attrNames deployed);
          StateDirectoryMode = "0700";
          # Following the journal asks for the boot's identifier in /proc/sys.
          ProcSubset = "all";
          # Longer than any deploy that waits for another; the app's unit has the limit that counts.
          RuntimeMaxSec = "6h";
        };
    };
  };
}
