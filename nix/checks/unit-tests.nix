# The helpers' own tests, as far as a sandbox can run them: those that need root, mounts or other users say that they are
# skipped. The VM tests run on a machine that has these.
{
  acl,
  attr,
  callPackage,
  gitMinimal,
  lib,
  openssh,
  openssl,
  restic,
  # What releases of nixpkgs before 21.05 call it.
  utillinux ? null,
  util-linux ? utillinux,
  xfsprogs,
  zstd,
}:
callPackage ../packages/hearth.nix {
  inherit lib;
  variant = {
    pname = "hearth-unit-tests";
    doCheck = true;
    # Optimised code takes longer to compile than these tests to run.
    buildType = "debug";
    checkType = "debug";
    nativeCheckInputs = [
      acl
      attr
      gitMinimal
      openssh
      openssl
      restic
      util-linux
      xfsprogs
      zstd
    ];
    # The fuzzer takes a slow answer for a hang, and builders may be slow.
    cargoTestFlags = [
      "--workspace"
      "--exclude=fuzz"
    ];
    # What they read beside the helpers' own folder, at the place that it has in the repository.
    preCheck = ''
      mkdir -p ../tests/bed
      cp -r ${../../secrets} ../secrets
      cp -r ${../../tests/bed/keys} ../tests/bed/keys
    '';
  };
}
