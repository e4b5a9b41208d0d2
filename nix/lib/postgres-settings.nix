# What a host sets of PostgreSQL and of PgBouncer: the recipe with it, and what is wrong with it.
{
  lib,
  hearth,
  # `config.hearth.postgres`
  cfg,
  # The recipe that the app `databases` has.
  usedFolder,
}:
let
  recipe = ../recipes/postgres;
  assignments =
    settings: lib.mapAttrsToList (name: value: "${name}=${hearth.types.toText value}") settings;
  # Without these neither the pooler nor Hearth would find the server as they expect it.
  serversOwn = [
    "config_file"
    "data_directory"
    "hba_file"
    "ident_file"
    "listen_addresses"
    "password_encryption"
    "port"
    "unix_socket_directories"
  ];
  poolersOwn =
    let
      section = lib.last (lib.splitString "[pgbouncer]\n" (builtins.readFile (recipe + "/pooler.sh")));
      names = map (builtins.match "([a-z_]+) = .*") (
        lib.splitString "\n" (lib.head (lib.splitString "\nEND\n" section))
      );
    in
    lib.concatLists (lib.filter (name: name != null) names);
  optionFor = {
    settings.max_connections = "maxConnections";
    "pooler.settings" = {
      default_pool_size = "pooler.poolSize";
      max_client_conn = "pooler.maxClients";
    };
  };
  word = "[a-z_][a-z0-9_]*";
  complaintsAboutSettings =
    option: settings: own:
    map (name: {
      assertion = builtins.match "${word}(\\.${word})?" name != null;
      message = "hearth.postgres.${option}.${name}: a setting's name is made of a-z, 0-9 and `_`, that of an extension with a `.` between. Correct it.";
    }) (lib.attrNames settings)
    ++ map (name: {
      assertion = !lib.elem name (own ++ lib.attrNames optionFor.${option});
      message =
        "hearth.postgres.${option}.${name}: Hearth sets this itself"
        + (
          if optionFor.${option} ? ${name} then
            ". Set hearth.postgres.${optionFor.${option}.${name}} instead."
          else
            ", and needs it as it is. Take it away."
        );
    }) (lib.attrNames settings);
  extended = hearth.recipes.extended recipe [
    {
      file = "compose.yml";
      # Before what Hearth sets: of two that are the same the last one counts.
      after = "      - postgres\n";
      text = hearth.recipes.asArguments (
        lib.concatMap (assignment: [
          "-c"
          assignment
        ]) (assignments cfg.settings)
      );
    }
    {
      file = "pooler.sh";
      after = "[pgbouncer]\n";
      text = lib.concatMapStrings (assignment: "${assignment}\n") (assignments cfg.pooler.settings);
    }
  ];
in
{
  recipe = extended;

  complaints =
    complaintsAboutSettings "settings" cfg.settings serversOwn
    ++ complaintsAboutSettings "pooler.settings" cfg.pooler.settings poolersOwn
    ++ lib.optional (cfg.settings != { } || cfg.pooler.settings != { }) {
      assertion = usedFolder == extended;
      message = "hearth.postgres.settings and pooler.settings: hearth.apps.databases has a recipe of your own, which does not get them. Put the settings into that recipe, or take it away.";
    };
}
