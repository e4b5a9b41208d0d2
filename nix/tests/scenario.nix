# A VM test that plays a scenario file of tests/scenarios, the same that the bed plays. What the scenario asks of its host
# stands in lines of its own, as the bed reads them; a Nix file of the same name beside it adds to the host's configuration.
{
  lib,
  pkgs,
  name,
}:
let
  folder = ../../tests/scenarios;
  script = lib.readFile (folder + "/${name}.py");
  shared = lib.filter (lib.hasPrefix "_") (lib.attrNames (builtins.readDir folder));
  parts = map (file: lib.readFile (folder + "/${file}")) (lib.filter (lib.hasSuffix ".py") shared);

  # The value of a line `WORD = …`, which is JSON as well as Python. `IMAGES` says nothing here: a VM's engine begins empty.
  asked =
    word:
    let
      line = lib.findFirst (lib.hasPrefix "${word} = ") null (lib.splitString "\n" script);
    in
    if line == null then null else builtins.fromJSON (lib.removePrefix "${word} = " line);
  apps = asked "APPS";
  volumes = asked "VOLUMES";
  logDriver = asked "LOG_DRIVER";
  store = asked "STORE";

  given = import ./given.nix { inherit lib pkgs; };
in
pkgs.testers.runNixOSTest {
  name = "hearth-${name}";
  nodes.host.imports = [
    ../modules
    ./scenario-host.nix
    { system.extraDependencies = [ given.SOURCE ]; }
  ]
  ++ lib.optional (apps != null) (import ./apps.nix { names = [ "proxy" ] ++ lib.attrNames apps; })
  ++ lib.optional (volumes != null) (import ./volumes.nix { fsType = volumes; })
  ++ lib.optional (logDriver != null) { virtualisation.docker.logDriver = lib.mkForce logDriver; }
  ++ lib.optional (store == "classic") {
    virtualisation.docker.daemon.settings.features.containerd-snapshotter = false;
  }
  ++ lib.optional (lib.pathExists (folder + "/${name}.nix")) (folder + "/${name}.nix");

  testScript = lib.concatStringsSep "\n" (
    lib.mapAttrsToList (
      variable: value:
      "${variable} = ${
        if lib.isBool value then (if value then "True" else "False") else builtins.toJSON value
      }"
    ) given
    ++ parts
    ++ [ script ]
  );
}
