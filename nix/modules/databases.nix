# Databases: PostgreSQL as an app of Hearth's own, with a pooler in front, and in it each database with two roles: one owns
# the schema, the app's own does not. What drifts is put right.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.postgres;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  entries = config.hearth.secrets.entries;
  settings = import ../lib/postgres-settings.nix {
    inherit lib hearth cfg;
    usedFolder = config.hearth.apps.databases.recipe.folder;
  };
  fromStore = pkgs.callPackage ../packages/pgbouncer-image.nix { };
  stack = "databases";
  poolerRole = "hearth_pooler";
  state = "${paths.state}/databases";

  secret =
    what:
    lib.mkOption {
      type = lib.types.nonEmptyStr;
      description = "The entry of `hearth.secrets.entries` with the password of ${what}.";
    };
  # Needed once there is a server.
  ofServer =
    what:
    secret what
    // {
      type = lib.types.nullOr lib.types.nonEmptyStr;
      default = null;
    };
  image = default: {
    name = lib.mkOption {
      type = lib.types.nonEmptyStr;
      inherit (default) default defaultText;
      description = "Name and tag of the image. ${default.must}";
    };
    archive = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = default.archive;
      defaultText = lib.literalMD default.archiveText;
      description = "Archive that the image is loaded from. With `null` the engine pulls it.";
    };
  };

  database =
    { name, ... }:
    {
      options = {
        owner = lib.mkOption {
          type = lib.types.strMatching "[a-z][a-z0-9_]{0,62}";
          default = hearth.types.roleFrom "${name}_owner";
          defaultText = lib.literalMD "`‹name›_owner`";
          description = "The role that owns the schema, as which migrations run.";
        };
        app = lib.mkOption {
          type = lib.types.strMatching "[a-z][a-z0-9_]{0,62}";
          default = hearth.types.roleFrom "${name}_app";
          defaultText = lib.literalMD "`‹name›_app`";
          description = "The role of the app, which reads and writes rows and cannot change the schema.";
        };
        ownerPasswordSecret = secret "the owner";
        appPasswordSecret = secret "the app";
        appMay = lib.mkOption {
          type = lib.types.listOf (
            lib.types.enum [
              "SELECT"
              "INSERT"
              "UPDATE"
              "DELETE"
            ]
          );
          default = [
            "SELECT"
            "INSERT"
            "UPDATE"
            "DELETE"
          ];
          description = "What the app may do with the rows of every table, those that migrations will make among them. What it was granted beyond that is taken back.";
        };
        leave = lib.mkOption {
          type = lib.types.listOf (lib.types.strMatching "[^.]+\\.[^.]+");
          default = [ ];
          example = [ "public.audit_log" ];
          description = "Tables and sequences whose privileges are the migrations' own business, as `schema.table`: no grant to the app is put back there, and none is taken back.";
        };
        extensions = lib.mkOption {
          type = lib.types.listOf lib.types.nonEmptyStr;
          default = [ ];
          example = [ "pg_trgm" ];
          description = "Extensions to make, which the owner may not. None is ever removed.";
        };
      };
    };

  roleOf = role: passwordSecret: {
    name = role;
    passwordFile = entries.${passwordSecret}.path;
  };
  manifest = hearth.manifest {
    name = "databases";
    helper = "reconcile-databases";
    content = {
      stateFolder = state;
      inherit (paths) dockerSocket;
      inherit stack;
      service = "db";
      superuser = "postgres";
      pooler = {
        service = "pooler";
        port = 6432;
        role = poolerRole;
        passwordFile = entries.${toString cfg.poolerPasswordSecret}.path;
      };
      readySeconds = 60;
      databases = lib.mapAttrs (_: database: {
        owner = roleOf database.owner database.ownerPasswordSecret;
        app = roleOf database.app database.appPasswordSecret;
        inherit (database) appMay leave extensions;
      }) cfg.databases;
    };
  };
  manifestPath = "${paths.manifests}/databases.json";

  roles = lib.concatLists (
    lib.mapAttrsToList (_: database: [
      database.owner
      database.app
    ]) cfg.databases
  );
  reserved = [
    "postgres"
    "template0"
    "template1"
  ];
  complaintsAbout =
    name: database:
    let
      option = "hearth.postgres.databases.${name}";
    in
    map
      (passwordOption: {
        assertion = entries ? ${database.${passwordOption}};
        message = "${option}.${passwordOption} names `${database.${passwordOption}}`, which is not declared. Add hearth.secrets.entries.${database.${passwordOption}}, or correct the name.";
      })
      [
        "ownerPasswordSecret"
        "appPasswordSecret"
      ]
    ++ [
      {
        assertion = database.ownerPasswordSecret != database.appPasswordSecret;
        message = "${option}: owner and app have the same password, so that whoever has the app's is the owner. Give each its own secret.";
      }
      {
        assertion = builtins.match "[a-z][a-z0-9_]{0,62}" name != null && !lib.elem name reserved;
        message = "${option}: a database's name is made of a-z, 0-9 and `_`, the first a letter, and is none of the server's own. Rename it.";
      }
    ];
in
{
  options.hearth.postgres = {
    enable = lib.mkEnableOption "a PostgreSQL server for the apps of this host, with a pooler in front";

    image = image {
      default = "postgres:17";
      defaultText = lib.literalExpression ''"postgres:17"'';
      must = "It starts as the official one does. Another major version needs a dump and a restore by hand.";
      archive = null;
      archiveText = "`null`";
    };
    pooler = {
      image = image {
        default = "${fromStore.imageName}:${fromStore.imageTag}";
        defaultText = lib.literalExpression ''"hearth/pgbouncer:''${pkgs.pgbouncer.version}"'';
        must = "It has PgBouncer 1.19 or newer, `bash`, `getent`, `sed` and coreutils.";
        archive = fromStore;
        archiveText = "an image of `pkgs.pgbouncer`";
      };
      poolSize = lib.mkOption {
        type = lib.types.ints.between 1 1000;
        default = 20;
        description = "How many connections to the server the pooler keeps for each database and role. Together they must stay below `maxConnections`.";
      };
      maxClients = lib.mkOption {
        type = lib.types.ints.between 1 100000;
        default = 500;
        description = "How many connections the pooler takes.";
      };
      settings = lib.mkOption {
        type = lib.types.attrsOf (
          lib.types.either lib.types.int (lib.types.strMatching "[A-Za-z0-9_.,:/ *!@+=()-]+")
        );
        default = { };
        example.query_wait_timeout = 30;
        description = "More settings of [PgBouncer](https://www.pgbouncer.org/config.html), by their names in its section `[pgbouncer]`. What Hearth sets itself is refused. They lie in the Nix store, which everybody can read: no passwords.";
      };
    };
    maxConnections = lib.mkOption {
      type = lib.types.ints.between 10 10000;
      default = 100;
      description = "How many connections the server takes.";
    };
    settings = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.oneOf [
          lib.types.bool
          lib.types.int
          lib.types.float
          lib.types.str
        ]
      );
      default = { };
      example = {
        shared_buffers = "1GB";
        log_min_duration_statement = 250;
      };
      description = ''
        More settings of [the server](https://www.postgresql.org/docs/17/runtime-config.html), by their names. What Hearth sets
        itself is refused. One that the server does not know keeps it from starting: the gate then puts the old one back. The
        server restarts with each change. They lie in the Nix store, which everybody can read: no passwords.
      '';
    };
    superuserPasswordSecret = ofServer "the server's superuser, whom nobody needs but a person in an emergency";
    poolerPasswordSecret = ofServer "the pooler's own role";
    databases = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule database);
      default = { };
      example.shop = {
        ownerPasswordSecret = "shop_owner_password";
        appPasswordSecret = "shop_app_password";
      };
      description = ''
        The databases, by name. An app joins the external network `databases` and reaches its own at `databases_pooler`, port
        6432, or at `databases_db`, port 5432, where it needs a session: migrations do. One that is taken out of here is left
        as it is.
      '';
    };
  };

  config = lib.mkIf (config.hearth.enable && cfg.enable) {
    assertions =
      lib.concatLists (lib.mapAttrsToList complaintsAbout cfg.databases)
      ++
        map
          (option: {
            assertion = cfg.${option} != null;
            message = "hearth.postgres.${option} is not set. Name the entry of hearth.secrets.entries with this password.";
          })
          [
            "superuserPasswordSecret"
            "poolerPasswordSecret"
          ]
      ++ map (role: {
        assertion =
          lib.count (other: other == role) roles == 1 && !lib.elem role (reserved ++ [ poolerRole ]);
        message = "hearth.postgres.databases: the role ${role} is given twice, or is the server's own. Give the owner and the app of each database a name of their own.";
      }) (lib.unique roles)
      ++ settings.complaints;

    hearth.swarm.networks.databases = { };
    # Defaults, so that a host can set one of them again without saying the others.
    hearth.apps.databases = {
      recipe = lib.mkDefault settings.recipe;
      inherit stack;
      # It is the others' network, and these are the services that they look for there.
      allow.networks = [ "databases" ];
      environment = lib.mapAttrs (_: lib.mkDefault) {
        POSTGRES_IMAGE = cfg.image.name;
        POOLER_IMAGE = cfg.pooler.image.name;
        POOLER_ROLE = poolerRole;
        MAX_CONNECTIONS = cfg.maxConnections;
        POOL_SIZE = cfg.pooler.poolSize;
        MAX_CLIENTS = cfg.pooler.maxClients;
      };
      secrets = {
        superuser_password = toString cfg.superuserPasswordSecret;
        pooler_password = toString cfg.poolerPasswordSecret;
      };
      images =
        let
          given = lib.filter (image: image.archive != null) [
            cfg.image
            cfg.pooler.image
          ];
        in
        map (image: { inherit (image) name archive; }) given;
    };

    environment.etc."hearth/databases.json".source = manifest;
    hearth.looks.metrics = [ "hearth-databases" ];
    hearth.alerts.units.hearth-databases = {
      object = "databases";
      stateFolder = state;
    };

    systemd.timers.hearth-databases = hearth.unit.timer "Look for drift in databases, their roles and what these may do";
    systemd.services = {
      hearth-databases = hearth.unit.oneshot {
        description = "Reconcile databases, their roles and what these may do";
        helper = "reconcile-databases";
        inherit manifest manifestPath;
        state = "hearth/databases";
        requires = [ "docker.service" ];
        wants = [ "hearth-secrets.service" ];
        after = [
          "docker.service"
          "hearth-secrets.service"
          "hearth-app-databases.service"
        ];
        serviceConfig.CapabilityBoundingSet = [
          # Passwords may belong to other users.
          "CAP_DAC_READ_SEARCH"
          # A statement that does not end in time is killed.
          "CAP_KILL"
        ];
      };
    }
    # An app whose database is made now finds it there.
    //
      lib.mapAttrs'
        (app: _: lib.nameValuePair "hearth-app-${app}" { after = [ "hearth-databases.service" ]; })
        (
          lib.filterAttrs (
            app: declared:
            declared.enable
            && !lib.elem app [
              "databases"
              "proxy"
            ]
          ) config.hearth.apps
        );
  };
}
