# What the secrets of a host must not be all together: two of one unit, or rendered before their key is there.
{ config, lib, ... }:
let
  cfg = config.hearth.secrets;

  # `/` becomes `--` in a unit's name, as secrets.nix makes it.
  unitOf = name: "hearth-secret-${lib.replaceStrings [ "/" ] [ "--" ] name}";
  namesByUnit = lib.zipAttrs (
    map (name: { ${unitOf name} = name; }) (
      lib.attrNames cfg.entries ++ map (name: "templates/${name}") (lib.attrNames cfg.templates)
    )
  );
  oneUnitEach = lib.mapAttrsToList (unit: names: {
    assertion = lib.length names == 1;
    message = "hearth.secrets: the secrets ${
      lib.concatMapStringsSep " and " (name: "`${name}`") names
    } would have the same unit ${unit}.service. Rename one of them; `key` still names its place in the sops file.";
  }) namesByUnit;

  # Before there are users an activation script sees only the file systems that stage 1 mounted. Where a unit makes users,
  # systemd mounts what it needs.
  identities = lib.optional (cfg.age.keyFile != null) cfg.age.keyFile ++ cfg.age.sshKeyFiles;
  isEarly = lib.any (secret: secret.neededForUsers) (lib.attrValues cfg.entries);
  usersAreMadeByAUnit =
    (config.systemd.sysusers.enable or false) || (config.services.userborn.enable or false);

  # NixOS mounts these in stage 1 whatever is said of them.
  alwaysThere = [
    "/"
    "/nix"
    "/nix/store"
    "/var"
    "/var/log"
    "/var/lib"
    "/var/lib/nixos"
    "/etc"
    "/usr"
  ];
  holds = file: system: lib.hasPrefix "${lib.removeSuffix "/" system.mountPoint}/" file;
  deeper =
    one: other:
    if lib.stringLength other.mountPoint > lib.stringLength one.mountPoint then other else one;
  systemOf =
    file:
    lib.foldl' deeper { mountPoint = ""; } (
      lib.filter (holds file) (lib.attrValues config.fileSystems)
    );
  thereInTime =
    file:
    let
      system = systemOf file;
      at = system.mountPoint;
    in
    {
      assertion = at == "" || lib.elem at alwaysThere || system.neededForBoot;
      message = "hearth.secrets.age.keyFile or sshKeyFiles: ${file} lies on the file system ${at}, which is mounted after secrets with neededForUsers are rendered. Set fileSystems.${builtins.toJSON at}.neededForBoot = true.";
    };
in
{
  config = lib.mkIf config.hearth.enable {
    assertions =
      oneUnitEach ++ lib.optionals (isEarly && !usersAreMadeByAUnit) (map thereInTime identities);
  };
}
