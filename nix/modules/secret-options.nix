# The options of one secret and of one template.
{
  lib,
  hearth,
  # `config.hearth.secrets`
  cfg,
}:
let
  inherit (hearth) paths;

  # What a secret and a template have in common: the file that they become.
  renderedFile = defaultPath: {
    owner = lib.mkOption {
      type = lib.types.nonEmptyStr;
      default = "root";
      description = "User that the file belongs to.";
    };
    group = lib.mkOption {
      type = lib.types.nonEmptyStr;
      default = "root";
      description = "Group that the file belongs to.";
    };
    mode = lib.mkOption {
      type = hearth.types.fileMode;
      default = "0400";
      description = "Permissions of the file.";
    };
    path = lib.mkOption {
      type = hearth.types.outsideStore;
      default = defaultPath;
      defaultText = lib.literalMD "`${dirOf defaultPath}/‹name›`";
      description = "Where the file is found. Another path than the default becomes a symbolic link to it.";
    };
    restartUnits = lib.mkOption {
      type = lib.types.listOf hearth.types.unitName;
      default = [ ];
      example = [ "nginx.service" ];
      description = "Units to restart when the content has changed, and only then.";
    };
    reloadUnits = lib.mkOption {
      type = lib.types.listOf hearth.types.unitName;
      default = [ ];
      description = "Units to reload when the content has changed, and only then.";
    };
  };

  # A name that is refused has a path all the same, so that what is said is said of the name.
  fileName = name: if hearth.types.isSecretName name then name else builtins.hashString "sha256" name;
  folderOf = secret: if secret.neededForUsers then paths.secretsForUsers else paths.secrets;
in
{
  entry =
    { name, config, ... }:
    {
      options = renderedFile "${folderOf config}/${fileName name}" // {
        neededForUsers = lib.mkOption {
          type = lib.types.bool;
          default = false;
          description = "Render it before users are made, for a `hashedPasswordFile`. It then belongs to root and lies under ${paths.secretsForUsers}.";
        };
        file = lib.mkOption {
          type = lib.types.nullOr lib.types.path;
          default = cfg.defaultFile;
          defaultText = lib.literalExpression "config.hearth.secrets.defaultFile";
          description = "The sops file that holds the value. It is encrypted, so it may lie in the repository and in the store.";
        };
        format = lib.mkOption {
          type = lib.types.enum [
            "yaml"
            "json"
            "dotenv"
            "ini"
            "binary"
          ];
          default = "yaml";
          description = "Format of the sops file. A `binary` one is a single value, so that `key` is empty.";
        };
        key = lib.mkOption {
          type = lib.types.str;
          default = if config.format == "binary" then "" else name;
          defaultText = lib.literalMD "its name";
          example = "smtp/accounts/0/password";
          description = "Where the value stands in the file, with `/` between levels and numbers for places in a list. Empty means the whole file.";
        };
      };
    };

  template =
    { name, ... }:
    {
      options = renderedFile "${paths.secrets}/templates/${fileName name}" // {
        content = lib.mkOption {
          type = lib.types.lines;
          description = "The file's text. `\${config.hearth.secrets.placeholder.‹name›}` stands for a secret and is replaced on the host.";
        };
      };
    };
}
