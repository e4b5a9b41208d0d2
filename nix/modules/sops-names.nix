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
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  rendered = folder: name: {
    owner = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = "root";
      description = "Use `owner` of `hearth.secrets`.";
    };
    group = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = "root";
      description = "Use `group` of `hearth.secrets`.";
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
        rendered (if config.neededForUsers then paths.secretsForUsers else paths.secrets) name
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
            default = if config.format == "binary" then "" else name;
            defaultText = lib.literalMD "its name";
            description = "Use `hearth.secrets.entries.‹name›.key`.";
          };
          neededForUsers = lib.mkOption {
            type = lib.types.bool;
            default = false;
            description = "Use `hearth.secrets.entries.‹name›.neededForUsers`.";
          };
        };
    };

  template =
    { name, ... }:
    {
      options = rendered "${paths.secrets}/templates" name // {
        content = lib.mkOption {
          type = lib.types.lines;
          description = "Use `hearth.secrets.templates.‹name›.content`.";
        };
      };
    };

  common = file: {
    owner = if file.owner == null then "root" else file.owner;
    group = if file.group == null then "root" else file.group;
    inherit (file)
      mode
      path
      restartUnits
      reloadUnits
      ;
  };
  used =
    lib.optional (cfg.defaultSopsFile != null) "sops.defaultSopsFile (hearth.secrets.defaultFile)"
    ++ lib.optional (cfg.age.keyFile != null) "sops.age.keyFile (hearth.secrets.age.keyFile)"
    ++ lib.optional (cfg.age.sshKeyPaths != [ ]) "sops.age.sshKeyPaths (hearth.secrets.age.sshKeyFiles)"
    ++ lib.optional (cfg.secrets != { }) "sops.secrets (hearth.secrets.entries)"
    ++ lib.optional (cfg.templates != { }) "sops.templates (hearth.secrets.templates)";
in
{
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
    age.keyFile = lib.mkOption {
      type = lib.types.nullOr hearth.types.outsideStore;
      default = null;
      description = "Use `hearth.secrets.age.keyFile`.";
    };
    age.sshKeyPaths = lib.mkOption {
      type = lib.types.listOf hearth.types.outsideStore;
      default = [ ];
      description = "Use `hearth.secrets.age.sshKeyFiles`.";
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
    assertions = [
      {
        assertion = cfg.gnupg.home == null;
        message = "sops.gnupg.home: Hearth does not decrypt with PGP keys. Add the host's age recipient to the files with `hearth secrets add-recipient`, and set hearth.secrets.age.keyFile.";
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
