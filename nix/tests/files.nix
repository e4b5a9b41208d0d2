# What must lie on a host of the tests before anything of Hearth reads it: the example's key, and what a scenario put in
# place of a file in /etc, whose links NixOS makes anew at each boot. `systemd-tmpfiles` would be too late: it waits for the
# users, and those wait for their secrets.
{ lib, pkgs, ... }:
let
  program = name: lib.getExe' pkgs.coreutils name;
  # What scenarios put in place, below its path.
  replaced = "/var/lib/scenario";
in
{
  systemd.services.hearth-test-files = {
    description = "Key of the example host, and what a scenario declared";
    wantedBy = [ "sysinit.target" ];
    before = [
      "hearth-secrets-for-users.service"
      "sysinit.target"
      "shutdown.target"
    ];
    after = [ "systemd-remount-fs.service" ];
    conflicts = [ "shutdown.target" ];
    unitConfig = {
      DefaultDependencies = false;
      RequiresMountsFor = [ "/var/lib/hearth" ];
    };
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = [
        # The private key is a test key, public with the repository. On a host of your own nothing may put it into the store.
        "${program "install"} -D --mode=0400 ${../../tests/bed/keys/TEST-ONLY-age.key} /var/lib/hearth/age.key"
        "${program "mkdir"} --parents ${replaced}"
        "${program "cp"} --recursive --remove-destination ${replaced}/. /"
      ];
    };
  };
}
