# The server and the pooler with settings of their own.
{ config, lib, ... }:
let
  inherit (config.hearth.apps.databases) recipe environment;
  compose = lib.head recipe.folder.texts;
  pooler = lib.last recipe.folder.texts;
in
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings = {
      shared_buffers = "1GB";
      "pg_stat_statements.max" = 500;
      fsync = true;
      random_page_cost = 1.1;
    };
    pooler.settings.query_wait_timeout = 30;
  };
  hearth.apps.databases.environment.MAX_CLIENTS = 700;
  assertions = [
    {
      assertion =
        lib.hasInfix ''
          #    command:
          #      - postgres
          #      - "-c"
          #      - "fsync=true"
          #      - "-c"
          #      - "pg_stat_statements.max=500"
          #      - "-c"
          #      - "random_page_cost=1.1"
          #      - "-c"
          #      - "shared_buffers=1GB"
          #      - -c
          #      - max_connections=''${MAX_CONNECTIONS}
        '' (lib.concatMapStrings (line: "#${line}\n") (lib.splitString "\n" compose))
        && lib.hasInfix "\n[pgbouncer]\nquery_wait_timeout=30\n" pooler;
      message = "the recipe has ${compose} and ${pooler}";
    }
    {
      assertion = environment.MAX_CLIENTS == "700" && environment.MAX_CONNECTIONS == "100";
      message = "the variables are ${builtins.toJSON environment}";
    }
  ];
}
