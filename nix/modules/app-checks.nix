# What is said about apps that are declared wrongly, while the system is built.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth.addresses) isSsh;
  isCommit = version: version != null && builtins.match "[0-9a-f]{40,64}" version != null;
  apps = lib.filterAttrs (_: app: app.enable) config.hearth.apps;
  inherit (config.hearth.secrets) entries;
  isBlueGreen = app: app.update == "blue-green";

  # Of stacks, each whose name is another's with more behind it, by that other's.
  beginsWithAnother =
    stacks:
    lib.listToAttrs (
      lib.concatMap (
        stack: map (lib.nameValuePair stack) (lib.filter (lib.hasPrefix "${stack}_") stacks)
      ) stacks
    );
  unknownDatabases =
    app:
    lib.filter (
      database: !config.hearth.postgres.enable || !config.hearth.postgres.databases ? ${database}
    ) app.databases;

  # The values that more than one app has, each with the names of these apps.
  shared =
    value:
    lib.filterAttrs (key: names: key != "" && lib.length names > 1) (
      lib.zipAttrs (lib.mapAttrsToList (name: app: { ${toString (value app)} = name; }) apps)
    );

  # Host names that more than one app may serve, each with the names of these apps.
  sharedHosts = lib.filterAttrs (_: names: lib.length names > 1) (
    lib.zipAttrs (
      lib.concatLists (
        lib.mapAttrsToList (
          name: app:
          map (host: { ${host} = name; }) (
            lib.unique (lib.optional (app.domain != null) app.domain ++ app.domains)
          )
        ) apps
      )
    )
  );

  complaintsAboutRecipe =
    option: recipe:
    let
      inherit (recipe) git version policy;
    in
    [
      {
        assertion = (recipe.folder == null) != (git.url == null);
        message = "${option}: a recipe is either a folder or in git. Set ${option} = ./folder, or ${option}.git.url.";
      }
      {
        assertion = git.url != null || (version == null && policy == "pinned");
        message = "${option}: a folder has no versions. Take version and policy away, or set ${option}.git.url.";
      }
      {
        assertion = git.url == null || version != null || policy != "pinned";
        message = "${option}: pinned to no version. Set ${option}.version to the version that the app should have, or ${option}.policy to \"patch\", \"minor\" or \"latest\".";
      }
      {
        assertion = !isCommit version || policy == "pinned";
        message = "${option}: a commit is no version that others are newer than. Set ${option}.version to a version, or ${option}.policy to \"pinned\".";
      }
      {
        assertion = git.credentialsFile == null || (git.url != null && lib.hasPrefix "https://" git.url);
        message = "${option}.git.credentialsFile is for repositories at https://. For ssh set ${option}.git.sshKeyFile instead.";
      }
      {
        assertion = git.sshKeyFile == null || (git.url != null && isSsh git.url);
        message = "${option}.git.sshKeyFile is for repositories that are reached through ssh. For https:// set ${option}.git.credentialsFile instead.";
      }
    ];

  complaintsAbout =
    name: app:
    let
      option = "hearth.apps.${name}";
    in
    complaintsAboutRecipe "${option}.recipe" app.recipe
    ++ hearth.gates.complaintsAbout option app
    ++ hearth.migrations.complaintsAbout option app
    ++ [
      {
        assertion = hearth.types.isName name;
        message = "${option}: a name is made of lower-case letters, digits and `-`. Rename the app.";
      }
      {
        assertion = unknownDatabases app == [ ];
        message = "${option}.databases names ${lib.concatStringsSep " and " (unknownDatabases app)}, which is not declared. Add it to hearth.postgres.databases, or correct the name.";
      }
      {
        assertion = app.domains == [ ] || app.domain != null;
        message = "${option}.domains: the app has no domain that they would be beside. Set ${option}.domain to one of them.";
      }
      {
        assertion = !lib.elem "/" app.allow.hostPaths;
        message = "${option}.allow.hostPaths: `/` would give the app the whole host. Name the folders that it needs.";
      }
      {
        assertion = !isBlueGreen app || app.gate.probe.enable;
        message = "${option}.update = \"blue-green\": without a probe nobody knows which colour the proxy serves. Set ${option}.domain or gate.probe.url, and leave the probe on, or set ${option}.update = \"rolling\".";
      }
      {
        assertion = !isBlueGreen app || config.hearth.proxy.enable;
        message = "${option}.update = \"blue-green\": it is the proxy that sends visitors to the one colour or the other. Set hearth.proxy.enable = true, or ${option}.update = \"rolling\".";
      }
      {
        assertion = app.snapshot.drill.schedule == null || app.snapshot.mode != "none";
        message = "${option}.snapshot.drill: with snapshot.mode = \"none\" there are no snapshots to restore. Set another mode, or take the drill away.";
      }
      {
        # Without a domain the address by default is https:// and the path.
        assertion = !app.gate.probe.enable || !lib.hasPrefix "https:///" app.gate.probe.url;
        message = "${option}.gate.probe: the app has no domain to ask. Set ${option}.domain or gate.probe.url, or turn the probe off.";
      }
    ]
    ++
      map
        (variable: {
          assertion = !app.environment ? ${variable};
          message = "${option}.environment.${variable}: this variable is Hearth's. Set ${option}.${
            if variable == "DOMAIN" then "domain" else "stack"
          } instead.";
        })
        [
          "DOMAIN"
          "STACK_NAME"
        ]
    ++ lib.concatLists (
      lib.mapAttrsToList (key: secret: [
        {
          assertion = entries ? ${secret};
          message = "${option}.secrets.${key} names `${secret}`, which is not declared. Add hearth.secrets.entries.${secret}, or correct the name.";
        }
        {
          # a swarm secret is called STACK_KEY_ and twelve digits of its content's digest
          assertion = lib.stringLength "${app.stack}_${key}_" + 12 <= 64;
          message = "${option}.secrets.${key}: the swarm secret's name would have ${
            toString (lib.stringLength "${app.stack}_${key}_" + 12)
          } characters, 64 are allowed. Set a shorter ${option}.stack.";
        }
      ]) app.secrets
    );
in
{
  config = lib.mkIf config.hearth.enable {
    assertions =
      lib.concatLists (lib.mapAttrsToList complaintsAbout apps)
      # Either could answer requests that are the other's, and get its visitors' sessions and passwords.
      ++ lib.mapAttrsToList (host: names: {
        assertion = false;
        message = "hearth.apps: ${lib.concatStringsSep " and " names} have the same domain ${host}. Give each its own.";
      }) sharedHosts
      # STACK_data of the one would be data of the other.
      ++ lib.mapAttrsToList (stack: other: {
        assertion = false;
        message = "hearth.apps: the stack ${other} begins with the stack ${stack} and an underscore, so that their objects may have the same names. Give one of them another `stack`.";
      }) (beginsWithAnother (lib.mapAttrsToList (_: app: app.stack) apps))
      ++ lib.mapAttrsToList (stack: names: {
        assertion = false;
        message = "hearth.apps: ${lib.concatStringsSep " and " names} have the same stack ${stack}, and would replace each other. Give each its own `stack`.";
      }) (shared (app: app.stack));
  };
}
