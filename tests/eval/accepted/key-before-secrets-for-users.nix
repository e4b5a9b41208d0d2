# A host of the tests has its key before the secrets of users are rendered, in a unit that waits for nothing after them.
{ config, lib, ... }:
let
  files = config.systemd.services.hearth-test-files;
  late = [
    "basic.target"
    "sysinit.target"
    "systemd-sysusers.service"
    "systemd-tmpfiles-setup.service"
    "userborn.service"
  ];
in
{
  imports = [
    ../../../nix/tests/files.nix
    ../../../nix/tests/operator.nix
  ];

  assertions = [
    {
      assertion = lib.elem "hearth-secrets-for-users.service" files.before;
      message = "the key of a test host may come after the secrets that it decrypts";
    }
    {
      assertion =
        files.unitConfig.DefaultDependencies == false && lib.intersectLists late files.after == [ ];
      message = "the key of a test host waits for units that wait for its secrets";
    }
    {
      assertion = !(lib.hasInfix "age.key" (toString config.systemd.tmpfiles.rules));
      message = "tmpfiles make the key of a test host, after the users";
    }
  ];
}
