# The common `sops.*` options of sops-nix, as other names for `hearth.secrets.*`, each use with a warning. Import it in place of
# sops-nix's module, rename at leisure, and drop it: docs/secrets.md has the names side by side.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.sops;
  hearthConfig = config.hearth;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  groupOf = owner: (config.users.users.${owner} or { }).group or "root";

  # `file` is the secret or template itself.
  rendered = folder: name: file: {
    name = lib.mkOption {
      type = lib.types.str;
      default = name;
      defaultText = lib.literalMD "the name of the entry";
      description = "There is no such thing in Hearth: call the entry so, and set its `key`.";
    };
    owner = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "Use `owner` of `hearth.secrets`.";
    };
    uid = lib.mkOption {
      type = lib.types.nullOr lib.types.int;
      default = 0;
      description = "Use `owner` of `hearth.secrets`, which takes numbers, too.";
    };
    group = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = if file.owner == null then null else groupOf file.owner;
      defaultText = lib.literalMD "the owner's group";
      description = "Use `group` of `hearth.secrets`, which is `root` by default.";
    };
    gid = lib.mkOption {
      type = lib.types.nullOr lib.types.int;
      default = 0;
      description = "Use `group` of `hearth.secrets`, which takes numbers, too.";
    };
    mode = lib.mkOption {
      type = lib.types.str;
      default = "0400";
      description = "Use `mode` of `hearth.secrets`.";
    };
    path = lib.mkOption {
      type = lib.types.str;
      default = "${folder}/${name}";
      defaultText = lib.literalMD "its name below `${paths.secrets}`";
      description = "Use `path` of `hearth.secrets`.";
    };
    restartUnits = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Use `restartUnits` of `hearth.secrets`.";
    };
    reloadUnits = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Use `reloadUnits` of `hearth.secrets`.";
    };
  };

  secret =
    { name, config, ... }:
    {
      options =
        rendered (if config.neededForUsers then paths.secretsForUsers else paths.secrets) name config
        // {
          sopsFile = lib.mkOption {
            type = lib.types.nullOr lib.types.path;
            default = cfg.defaultSopsFile;
            defaultText = lib.literalExpression "config.sops.defaultSopsFile";
            description = "Use `hearth.secrets.entries.‹name›.file`.";
          };
          format = lib.mkOption {
            type = lib.types.str;
            default = cfg.defaultSopsFormat;
            defaultText = lib.literalExpression "config.sops.defaultSopsFormat";
            description = "Use `hearth.secrets.entries.‹name›.format`.";
          };
          key = lib.mkOption {
            type = lib.types.str;
            default =
              if config.format == "binary" then
                ""
              else if cfg.defaultSopsKey != null then
                cfg.defaultSopsKey
              else
                name;
            defaultText = lib.literalMD "`config.sops.defaultSopsKey`, or the name of the entry";
            description = "Use `hearth.secrets.entries.‹name›.key`.";
          };
          sopsFileHash = lib.mkOption {
            type = lib.types.str;
            readOnly = true;
            default = hashOf (
              if config.sopsFile == null then hearthConfig.secrets.defaultFile else config.sopsFile
            );
            defaultText = lib.literalMD "the digest of the sops file";
            description = "Use `restartUnits` of `hearth.secrets`: a unit is restarted when the content changed, and not whenever the file did.";
          };
          neededForUsers = lib.mkOption {
            type = lib.types.bool;
            default = false;
            description = "Use `hearth.secrets.entries.‹name›.neededForUsers`.";
          };
        };
    };

  # A file that is not there when the system is built has no digest yet.
  hashOf = file: if file == null || !lib.pathExists file then "" else builtins.hashFile "sha256" file;

  template =
    { name, config, ... }:
    {
      options = rendered "${paths.secrets}/templates" name config // {
        file = lib.mkOption {
          type = lib.types.nullOr lib.types.path;
          default = null;
          description = "There is no such thing in Hearth: write `content = builtins.readFile ./FILE`.";
        };
        content = lib.mkOption {
          type = lib.types.lines;
          default = "";
          description = "Use `hearth.secrets.templates.‹name›.content`.";
        };
      };
    };

  known =
    name: number:
    if name != null then
      name
    else if number == null || number == 0 then
      "root"
    else
      toString number;
  common = file: {
    owner = known file.owner file.uid;
    group = known file.group file.gid;
    inherit (file)
      mode
      path
      restartUnits
      reloadUnits
      ;
  };
  # As in sops-nix; a key that is itself a secret opens nothing before it is rendered.
  hostKeys = lib.optionals config.services.openssh.enable (
    map (key: key.path) (
      lib.filter (
        key: key.type == "ed25519" && !lib.hasPrefix "${paths.runtime}/" key.path
      ) config.services.openssh.hostKeys
    )
  );

  complaintsAbout =
    kind: name: file:
    let
      option = "sops.${kind}.${lib.strings.escapeNixIdentifier name}";
    in
    [
      {
        assertion = file.name == name;
        message = "${option}.name: a file has the name of its entry. Call the entry `${file.name}`${
          lib.optionalString (kind == "secrets") ", with key = \"${file.key}\""
        }.";
      }
    ];

  removed =
    option: instead:
    lib.mkRemovedOptionModule (
      [ "sops" ] ++ lib.splitString "." option
    ) "There is no such thing in Hearth: ${instead}";

  used =
    lib.optional (cfg.defaultSopsFile != null) "sops.defaultSopsFile (hearth.secrets.defaultFile)"
    ++ lib.optional (cfg.age.keyFile != null) "sops.age.keyFile (hearth.secrets.age.keyFile)"
    ++ lib.optional (cfg.age.sshKeyPaths != [ ]) "sops.age.sshKeyPaths (hearth.secrets.age.sshKeyFiles)"
    ++ lib.optional (cfg.secrets != { }) "sops.secrets (hearth.secrets.entries)"
    ++ lib.optional (cfg.templates != { }) "sops.templates (hearth.secrets.templates)";
in
{
  imports = [
    (removed "useTmpfs" "secrets lie in a tmpfs that is never swapped.")
    (removed "keepGenerations" "the generation before is kept.")
    (removed "log" "the journal of hearth-secrets says what changed.")
    (removed "environment" "render-secrets reads its manifest alone.")
    (removed "package" "the helpers are hearth.package.")
    (removed "validationPackage" "the helpers are hearth.package.")
    (removed "gnupgHome" "PGP keys are not decrypted with.")
    (removed "sshKeyPaths" "PGP keys are not decrypted with.")
  ];

  options.sops = {
    defaultSopsFile = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      description = "Use `hearth.secrets.defaultFile`.";
    };
    defaultSopsFormat = lib.mkOption {
      type = lib.types.str;
      default = "yaml";
      description = "Use `format` of each of `hearth.secrets.entries`.";
    };
    defaultSopsKey = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "Use `key` of each of `hearth.secrets.entries`.";
    };
    validateSopsFiles = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Leave it away: `file` of `hearth.secrets.entries` may be one of the host, too, and is read there.";
    };
    age.keyFile = lib.mkOption {
      type = lib.types.nullOr hearth.types.outsideStore;
      default = null;
      description = "Use `hearth.secrets.age.keyFile`.";
    };
    age.sshKeyPaths = lib.mkOption {
      type = lib.types.listOf hearth.types.outsideStore;
      default = hostKeys;
      defaultText = lib.literalMD "the ed25519 keys of `config.services.openssh.hostKeys`";
      description = "Use `hearth.secrets.age.sshKeyFiles`, which has no default.";
    };
    age.generateKey = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "There is no such thing in Hearth: make the key once, with `hearth-secrets keys --new FILE`.";
    };
    age.plugins = lib.mkOption {
      type = lib.types.listOf lib.types.raw;
      default = [ ];
      description = "There is no such thing in Hearth: a host decrypts with keys in files.";
    };
    gnupg.sshKeyPaths = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "There is no such thing in Hearth: PGP keys are not decrypted with.";
    };
    gnupg.home = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "There is no such thing in Hearth: PGP keys are not decrypted with.";
    };
    secrets = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule secret);
      default = { };
      description = "Use `hearth.secrets.entries`.";
    };
    templates = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule template);
      default = { };
      description = "Use `hearth.secrets.templates`.";
    };
    placeholder = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      readOnly = true;
      default = config.hearth.secrets.placeholder;
      defaultText = lib.literalExpression "config.hearth.secrets.placeholder";
      description = "Use `hearth.secrets.placeholder`.";
    };
  };

  config = {
    warnings =
      lib.optional (used != [ ])
        "Names of sops-nix are used, in brackets those of Hearth: ${lib.concatStringsSep ", " used}. Rename them and drop the module sops-names.";
    assertions =
      lib.concatLists (lib.mapAttrsToList (complaintsAbout "secrets") cfg.secrets)
      ++ lib.concatLists (lib.mapAttrsToList (complaintsAbout "templates") cfg.templates)
      ++ lib.mapAttrsToList (name: template: {
        assertion = template.file == null;
        message = "sops.templates.${lib.strings.escapeNixIdentifier name}.file: write content = builtins.readFile ./FILE instead.";
      }) cfg.templates
      ++
        map
          (option: {
            assertion = lib.elem cfg.gnupg.${option} [
              null
              [ ]
            ];
            message = "sops.gnupg.${option}: Hearth does not decrypt with PGP keys. Add the host's age recipient to the files with `hearth secrets add-recipient`, and set hearth.secrets.age.keyFile.";
          })
          [
            "home"
            "sshKeyPaths"
          ]
      ++ [
        {
          assertion = !cfg.age.generateKey;
          message = "sops.age.generateKey: Hearth makes no key by itself. Make it once with `hearth-secrets keys --new FILE`, and set hearth.secrets.age.keyFile.";
        }
        {
          assertion = cfg.age.plugins == [ ];
          message = "sops.age.plugins: a host of Hearth decrypts with age and SSH keys in files, without plugins. Add such a key's recipient to the files with `hearth-secrets add-recipient`.";
        }
        {
          assertion = config.hearth.enable || (cfg.secrets == { } && cfg.templates == { });
          message = "sops.secrets and sops.templates are declared, and nothing renders them. Set hearth.enable = true, or import sops-nix's module instead of sops-names.";
        }
      ];
    hearth.secrets = {
      defaultFile = lib.mkIf (cfg.defaultSopsFile != null) cfg.defaultSopsFile;
      age.keyFile = lib.mkIf (cfg.age.keyFile != null) cfg.age.keyFile;
      age.sshKeyFiles = cfg.age.sshKeyPaths;
      entries = lib.mapAttrs (
        _: secret:
        common secret
        // {
          inherit (secret) format key neededForUsers;
        }
        // lib.optionalAttrs (secret.sopsFile != null) { file = secret.sopsFile; }
      ) cfg.secrets;
      templates = lib.mapAttrs (_: file: common file // { inherit (file) content; }) cfg.templates;
    };
  };
}
