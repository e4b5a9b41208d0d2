# How an app's migrations are tried before a version is deployed: the type of `hearth.apps.NAME.gate.migrations`.
{ lib, hearth }:
let
  inherit (hearth.types) seconds;
  role = lib.types.strMatching "[a-z0-9_-]{1,63}" // {
    description = "name of a PostgreSQL role in lower case";
  };
  variables =
    what:
    lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example.DATABASE_URL = "{{url}}";
      description = ''
        ${what} Placeholders stand for the scratch database: `{{url}}`, `{{user}}`, `{{password}}`, `{{host}}`, `{{port}}`,
        `{{database}}`, and of each role `{{ownerUrl}}`, `{{ownerUser}}`, `{{ownerPassword}}`, `{{appUrl}}`, `{{appUser}}`,
        `{{appPassword}}`.
      '';
    };
  milliseconds =
    description:
    lib.mkOption {
      type = lib.types.nullOr lib.types.ints.positive;
      default = null;
      inherit description;
    };
  request.options = {
    path = lib.mkOption {
      type = lib.types.strMatching "/.*";
      default = "/";
      description = "What to ask for.";
    };
    status = lib.mkOption {
      type = lib.types.ints.between 100 599;
      default = 200;
      description = "The status of the right answer.";
    };
    contains = lib.mkOption {
      type = lib.types.nullOr lib.types.nonEmptyStr;
      default = null;
      description = "Text that the right answer contains.";
    };
  };
  probe.options = {
    service = lib.mkOption {
      type = lib.types.str;
      default = "app";
      description = "The service that is started on the migrated database.";
    };
    environment = variables "Variables on top of those of the service; `{{url}}` is that of the app's role.";
    files = variables "Files of the container, by their paths: what the service has as secrets and configs.";
    requests = lib.mkOption {
      type = lib.types.listOf (lib.types.submodule request);
      default = [ { } ];
      defaultText = lib.literalExpression "[ { path = \"/\"; status = 200; } ]";
      description = "Requests that must be answered. Name one for each part of the app that reads its own tables.";
    };
    port = lib.mkOption {
      type = lib.types.port;
      example = 8080;
      description = "The port on which the service answers requests, without TLS.";
    };
    command = lib.mkOption {
      type = lib.types.nullOr (lib.types.nonEmptyListOf lib.types.str);
      default = null;
      example = [
        "/app"
        "selftest"
      ];
      description = "A command that must succeed in the container, after the requests.";
    };
    seconds = lib.mkOption {
      type = seconds;
      default = 60;
      description = "How long it may take until everything is as it should be.";
    };
  };
in
{
  options = {
    database = {
      stack = lib.mkOption {
        type = lib.types.nullOr (lib.types.strMatching "[a-z0-9][a-z0-9_-]{0,49}");
        default = null;
        description = "The stack that the database is in, when it is not the app's own.";
      };
      service = lib.mkOption {
        type = lib.types.str;
        default = "db";
        description = "The service of the PostgreSQL server. The scratch server is of the same image.";
      };
      name = lib.mkOption {
        type = lib.types.strMatching "[^-].*";
        example = "shop";
        description = "The name of the database.";
      };
      owner = lib.mkOption {
        type = role;
        example = "shop_owner";
        description = "The role that owns the schema.";
      };
      app = lib.mkOption {
        type = role;
        example = "shop_app";
        description = "The role that the app itself uses. It owns nothing.";
      };
      superuser = lib.mkOption {
        type = role;
        default = "postgres";
        description = ''
          The role that reads the live schema, from inside the database's container and without a password, as the official image
          allows. Of the live database nothing else is read, and nothing is written.
        '';
      };
      extensions = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = [ ];
        example = [ "pg_trgm" ];
        description = "Extensions that were made by hand in the live database, and not by a migration.";
      };
    };
    migrate = {
      service = lib.mkOption {
        type = lib.types.str;
        default = "app";
        description = "The service whose image has the migration command.";
      };
      role = lib.mkOption {
        type = lib.types.enum [
          "owner"
          "app"
        ];
        default = "owner";
        description = "The role that runs the migrations in production; `{{url}}` is its address.";
      };
      command = lib.mkOption {
        type = lib.types.nonEmptyListOf lib.types.str;
        example = [
          "migrate"
          "-path"
          "/migrations"
          "-database"
          "{{url}}"
          "up"
        ];
        description = "The app's own command that brings the schema up to date, and then ends. No shell reads it.";
      };
      environment = variables "Variables on top of those of the service.";
      files = variables "Files of the container, by their paths: what the service has as secrets and configs.";
      seconds = lib.mkOption {
        type = seconds;
        default = 300;
        description = "How long one run of the command may take.";
      };
    };
    probe = lib.mkOption {
      type = lib.types.nullOr (lib.types.submodule probe);
      default = null;
      description = ''
        How a version is asked whether it works on the migrated database: first the new one, then the old. Where the old one
        works, a later rollback may keep the data. Without it, every rollback needs the snapshot.
      '';
    };
    bookkeeping = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [
        "schema_migrations"
        "alembic_version"
        "__diesel_schema_migrations"
        "flyway_schema_history"
        "_sqlx_migrations"
        "goose_db_version"
        "django_migrations"
        "ar_internal_metadata"
      ];
      description = "Tables in which migration tools remember where they stand: their rows are part of the copy of the live schema.";
    };
    folder = lib.mkOption {
      type = lib.types.nullOr (lib.types.strMatching "/.+");
      default = null;
      example = "/migrations";
      description = "Folder of the image with the numbered migrations, to find a number that two of them have.";
    };
    outOfOrder = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether the tool runs a new migration also when its number is lower than that of one which ran. Many never do, and say nothing.";
    };
    copy = lib.mkOption {
      type = lib.types.enum [
        "schema"
        "full"
      ];
      default = "schema";
      description = "What the migrations are tried on: the live schema without its rows, or all of the live database, which must fit into memory.";
    };
    budget = {
      lockMilliseconds = milliseconds "For how long a migration may lock a table against everybody. Measured on the copy, so that it says most with `copy = \"full\"`.";
      statementMilliseconds = milliseconds "How long one statement of a migration may take on the copy.";
    };
    pooled = lib.mkOption {
      type = lib.types.listOf (
        lib.types.enum [
          "migrations"
          "app"
        ]
      );
      default = [ ];
      description = "Who reaches the database through a pooler in transaction mode, such as PgBouncer: what such a pooler does not carry is refused.";
    };
    memoryMiB = lib.mkOption {
      type = lib.types.ints.between 128 1048576;
      default = 512;
      description = "How much memory the scratch database may fill.";
    };
  };
}
