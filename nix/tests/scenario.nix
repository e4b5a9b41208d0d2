# A VM test that plays a scenario file of tests/scenarios, the same that the bed plays.
{
  lib,
  pkgs,
  name,
  script,
}:
let
  folder = ../../tests/scenarios;
  shared = lib.filter (lib.hasPrefix "_") (lib.attrNames (builtins.readDir folder));
  parts = map (file: folder + "/${file}") (lib.filter (lib.hasSuffix ".py") shared);
in
pkgs.testers.runNixOSTest {
  name = "hearth-${name}";
  nodes.host.imports = [
    ../modules
    ./scenario-host.nix
  ];
  # The bed checks the scenarios' style and types, with names that the driver here gives too.
  skipLint = true;
  skipTypeCheck = true;
  testScript = lib.concatMapStringsSep "\n" builtins.readFile (parts ++ [ script ]);
}
