# What can be said about one app: the type of each value of `hearth.apps`.
{ lib, hearth }:
{ name, config, ... }:
let
  inherit (hearth.types) seconds;
  gates = import ./app-gates.nix {
    inherit lib hearth;
    app = config;
  };
  keeps =
    default: what:
    lib.mkOption {
      type = lib.types.ints.unsigned;
      inherit default;
      description = "How many ${what}.";
    };
in
{
  options = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether the app is reconciled. Turned off it is left as it is: nothing of it is stopped or removed. To stop it and keep
        its data, set `state = "stopped"`; what becomes of an app that is taken away altogether, `hearth.undeclared` says.
      '';
    };
    state = import ./app-state.nix { inherit lib; };
    domain = lib.mkOption {
      type = lib.types.nullOr hearth.types.domain;
      default = null;
      example = "feeds.example.org";
      description = ''
        Where the app is served. Recipes see it as `DOMAIN`. The name of the app's stack, and with it of its volumes, follows it:
        set `stack` to what it was before you change the domain of an app that has data. A changed domain without that is held,
        and what serves goes on, because the app would begin empty under its new name.
      '';
    };
    domains = lib.mkOption {
      type = lib.types.listOf hearth.types.domain;
      default = [ ];
      example = [ "www.example.org" ];
      description = ''
        Host names beside `domain` that routes of the recipe may serve. They decide what the recipe may ask for, not what it
        serves: the routes are the recipe's own.
      '';
    };
    databases = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "shop" ];
      description = ''
        Databases of `hearth.postgres.databases` that the app uses. Its recipe may then join the network `databases`.
      '';
    };
    stack = lib.mkOption {
      type = lib.types.strMatching "[a-z0-9][a-z0-9_-]{0,49}";
      default =
        if config.domain == null then
          hearth.types.stackFrom name
        else
          lib.substring 0 45 (lib.replaceStrings [ "." ] [ "_" ] config.domain);
      defaultText = lib.literalMD "the domain with dots as underscores, at most 45 characters; the name of an app without one, at most 50";
      description = ''
        Name of the app's stack in the swarm, which all its objects begin with. Recipes see it as `STACK_NAME`. Changing it
        later would make a new, empty app: it is held until a person accepts that with `hearth accept`, and the data of the old
        one stays.
      '';
    };
    recipe = lib.mkOption {
      type = lib.types.coercedTo lib.types.path (folder: { inherit folder; }) (
        lib.types.submodule (import ./app-recipe.nix { inherit lib hearth; })
      );
      example = lib.literalExpression "./recipes/miniflux";
      description = "Folder with the app's compose files, `.env.sample` and `abra.sh`; or a version of it in a git repository.";
    };
    composeFiles = lib.mkOption {
      type = lib.types.nullOr (lib.types.nonEmptyListOf hearth.types.composeFile);
      default = null;
      example = [
        "compose.yml"
        "compose.smtp.yml"
      ];
      description = "Compose files of the recipe to use, instead of those that `COMPOSE_FILE` in the environment names.";
    };
    environment = lib.mkOption {
      type = lib.types.attrsOf hearth.types.variable;
      default = { };
      example = {
        LOG_LEVEL = "debug";
        PORT = 8080;
      };
      description = "Variables of the recipe, over those of its `.env.sample`. Numbers become text, `true` and `false` these words, a path the text of it. They end up in the engine in clear: secrets belong in `secrets`.";
    };
    secrets = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example.db_password = "miniflux_db_password";
      description = ''
        For each secret that the recipe's compose files name, the entry of `hearth.secrets.entries` with its content. A changed
        content becomes a new swarm secret, and the services that use it are updated.
      '';
    };
    images = lib.mkOption {
      type = lib.types.listOf (
        lib.types.submodule {
          options.name = lib.mkOption {
            type = lib.types.strMatching "[^ @]+:[A-Za-z0-9._-]+";
            example = "hearth/traefik:3.6.12";
            description = "Name and tag under which the recipe asks for the image.";
          };
          options.archive = lib.mkOption {
            type = lib.types.path;
            description = "Archive to load it from, as dockerTools makes it.";
          };
        }
      );
      default = [ ];
      description = "Images that come with the system instead of from a registry.";
    };

    gate = {
      inherit (gates)
        certificateSeconds
        smoke
        audit
        watch
        ;
      convergeSeconds = lib.mkOption {
        type = seconds;
        default = 300;
        description = "How long all services may take to run and be healthy. Raise it for an app that migrates much data at a start.";
      };
      healthySeconds = lib.mkOption {
        type = lib.types.ints.between 0 3600;
        default = 10;
        description = "For how long they must then stay so.";
      };
      restartLimit = lib.mkOption {
        type = lib.types.ints.between 1 100;
        default = 3;
        description = "How many tasks of one service may fail before the deploy counts as failed.";
      };
      probe = {
        enable = lib.mkOption {
          type = lib.types.bool;
          default = config.domain != null;
          defaultText = lib.literalMD "whether the app has a domain";
          description = "Whether a request through the proxy must be answered before the deploy counts.";
        };
        path = lib.mkOption {
          type = lib.types.strMatching "/.*";
          default = "/";
          example = "/healthcheck";
          description = "What to ask for.";
        };
        url = lib.mkOption {
          type = lib.types.strMatching "https?://.+";
          default = "https://${toString config.domain}${config.gate.probe.path}";
          defaultText = lib.literalMD "`https://‹domain›‹path›`";
          description = "The whole address, when it is not `path` at the app's domain.";
        };
        status = lib.mkOption {
          type = lib.types.ints.between 100 599;
          default = 200;
          description = "The status of the right answer, where `middlewares.basicAuth` does not ask for a password first.";
        };
        contains = lib.mkOption {
          type = lib.types.nullOr lib.types.nonEmptyStr;
          default = null;
          description = "Text that the right answer contains.";
        };
        caFile = lib.mkOption {
          type = lib.types.nullOr lib.types.path;
          default = null;
          description = "Certificates in PEM to trust instead of the system's, for a CA of your own.";
        };
        connectTo = lib.mkOption {
          type = lib.types.nullOr hearth.types.listenAddress;
          default = null;
          example = "192.0.2.10:443";
          description = "Address to connect to instead of the one that the name resolves to, where the host cannot reach its own public address.";
        };
        budgetSeconds = lib.mkOption {
          type = seconds;
          default = 60;
          description = "How long it may take until the answer is right.";
        };
      };
      migrations = lib.mkOption {
        type = lib.types.nullOr (lib.types.submodule (import ./app-migrations.nix { inherit lib hearth; }));
        default = null;
        description = ''
          How the app's migrations are tried in a scratch database before a version is deployed. A version whose migrations fail
          there is not deployed, and nothing that serves is touched.
        '';
      };
    };

    allow = import ./app-allow.nix { inherit lib hearth; };

    limits = import ./app-limits.nix { inherit lib; };

    middlewares = lib.mkOption {
      type = lib.types.submodule (import ./app-middlewares.nix { inherit lib; });
      default = { };
      description = "What the proxy does before a request reaches the app, and with its answer: on every route of the recipe.";
    };

    deploy = lib.mkOption {
      type = lib.types.nullOr (lib.types.submodule (import ./app-deploy.nix { inherit lib hearth; }));
      default = null;
      description = ''
        Lets a pipeline deploy this app: by a key over SSH, or as a user of this host. An environment of an app is an app of its
        own here (`shop-test`, `shop-prod`) that shares the recipe.
      '';
    };

    update = lib.mkOption {
      type = lib.types.enum [
        "rolling"
        "stop-first"
        "blue-green"
        "handover"
      ];
      default = "rolling";
      description = ''
        How running tasks are replaced. `rolling`: as the recipe's `update_config` says; where it says nothing of the order, the
        new task is started first if it shares neither a volume nor a port with the old one. `stop-first`: the old tasks are
        stopped before the new ones start, for versions that cannot be there together; `hearth plan` says for how long nothing
        serves. `blue-green`: the new version comes up as a second copy of the whole stack, is asked through the proxy, and then
        gets all visitors in one step; they go back in one step when it does not hold. For apps that write no volume and
        publish no port, with a database outside of the app. `handover`: for a recipe that publishes
        ports of the host, which two tasks cannot hold at a time; a standby copy takes them over meanwhile, and no request is lost.
      '';
    };
    snapshot = {
      mode = lib.mkOption {
        type = lib.types.enum [
          "stop"
          "hooks"
          "none"
        ];
        default = "stop";
        description = ''
          How the app's data is kept safe in an update. `stop`: before an update of an app that has volumes, the app is stopped,
          its volumes are copied, the copy is verified; when the update fails, version and data are put back. `hooks`: the same
          in an update; scheduled snapshots do not stop the app, they keep the dump that the commands in its services' labels
          `backupbot.backup.pre-hook` make. `none`: nothing in its volumes matters, and it is never stopped; a rollback brings
          back the version alone.
        '';
      };
      folder = lib.mkOption {
        type = hearth.types.hostPath;
        default = "${hearth.paths.state}/snapshots/${name}";
        defaultText = lib.literalMD "`${hearth.paths.state}/snapshots/‹name›`";
        description = ''
          Where the snapshots are kept. On the file system of the volumes, where that can clone (btrfs, XFS), a snapshot takes
          milliseconds and no room; elsewhere it is a compressed archive.
        '';
      };
      schedule = lib.mkOption {
        type = lib.types.nullOr hearth.types.calendar;
        default = null;
        example = "*-*-* 03:30";
        description = ''
          When snapshots are taken besides those before updates, as a systemd calendar expression; `null` for never. With mode
          `stop` the app stands still for the time that copying takes.
        '';
      };
      drill = {
        schedule = lib.mkOption {
          type = lib.types.nullOr hearth.types.calendar;
          default = null;
          example = "Sun *-*-* 05:00";
          description = ''
            When it is proved that the last-good snapshot can be restored, as a systemd calendar expression; `null` for never. It is
            unpacked into volumes of its own, the version that ran on it is started there without ports, routes or a way to any
            other network, held to the app's gate, and removed. The app goes on serving; the host needs the room and the memory of
            a second one meanwhile.
          '';
        };
        probe = lib.mkOption {
          type = lib.types.nullOr (
            lib.types.submodule {
              options = {
                service = lib.mkOption {
                  type = lib.types.nonEmptyStr;
                  example = "db";
                  description = "The service, as the recipe calls it.";
                };
                command = lib.mkOption {
                  type = lib.types.nonEmptyListOf lib.types.str;
                  example = [
                    "sh"
                    "-c"
                    "psql --username=miniflux --tuples-only --command='select count(*) from users' miniflux | grep -v '^ *0$'"
                  ];
                  description = "The command and its arguments, without a shell. Exit code 0 says that the data is what it should be.";
                };
                seconds = lib.mkOption {
                  type = seconds;
                  default = 60;
                  description = "How long it may take.";
                };
              };
            }
          );
          default = null;
          description = "A command in a container of the restored app, asked once it is healthy. Without one, that it is healthy is the proof.";
        };
      };
      retention = {
        last = keeps 3 "snapshots are kept whatever their time; the newest always is, and so is the last good one";
        daily = keeps 7 "days keep their newest snapshot";
        weekly = keeps 4 "weeks keep their newest snapshot";
        monthly = keeps 6 "months keep their newest snapshot";
      };
      stopSeconds = lib.mkOption {
        type = seconds;
        default = 120;
        description = "How long the app may take to stop, beyond the `stop_grace_period` of its services, before a snapshot is given up and the app started again.";
      };
      hookSeconds = lib.mkOption {
        type = seconds;
        default = 600;
        description = "How long each command that makes or loads a dump may take. One that takes longer is killed, and the snapshot fails.";
      };
      leastDumpBytes = lib.mkOption {
        type = lib.types.ints.positive;
        default = 64;
        description = "How many bytes a dump has at least. Raise it to what a dump of yours never falls below, so that one cut short is told.";
      };
      offsite = lib.mkOption {
        type = lib.types.nullOr (
          lib.types.submodule {
            options = {
              repository = lib.mkOption {
                type = lib.types.str;
                example = "sftp:backup@backup.example.org:/srv/hearth";
                description = "The restic repository: a path, `sftp:…`, `s3:…`. It is made when it is not there. Apps may share one.";
              };
              passwordFile = lib.mkOption {
                type = hearth.types.outsideStore;
                example = lib.literalExpression "config.hearth.secrets.entries.restic_password.path";
                description = "File with the repository's password. Whoever loses it loses the copies.";
              };
              environmentFile = lib.mkOption {
                type = lib.types.nullOr hearth.types.outsideStore;
                default = null;
                description = "File with lines `NAME=value`: the credentials of the place, such as `AWS_SECRET_ACCESS_KEY`.";
              };
            };
          }
        );
        default = null;
        description = ''
          Where a copy of each scheduled snapshot goes, so that it outlives this host. With it, `snapshot-volumes MANIFEST fetch`
          brings the newest back on an empty one.
        '';
      };
      budgetSeconds = lib.mkOption {
        type = seconds;
        default = 3600;
        description = "How long taking a snapshot and restoring it may take in one run, before the run is ended and the next one goes on with it.";
      };
    };
    keepFailedHours = lib.mkOption {
      type = lib.types.ints.between 0 8760;
      default = 24;
      description = ''
        With `update = "blue-green"`: for how long a version that failed is kept, running and without routes, for whoever wants
        to know why. `hearth cleanup` and the next deploy end it earlier. With 0 it is removed at once, for an app that must not
        run beside itself, such as one that works through a queue.
      '';
    };
    drainSeconds = lib.mkOption {
      type = lib.types.ints.between 0 3600;
      default = if config.update == "blue-green" then 10 else 60;
      defaultText = lib.literalMD ''10 with `update = "blue-green"`, 60 otherwise'';
      description = ''
        How long connections may take to leave what is about to be replaced: a task in a handover, the colour that served before
        in blue-green.
      '';
    };
  };
}
