# Miniflux for the VM tests, started by the same script as the bed's image of Debian's package.
{
  bash,
  cacert,
  coreutils,
  dockerTools,
  lib,
  miniflux,
  postgresql,
  runCommand,
  version ? "2.2.6",
  environment ? { },
}:
let
  files = runCommand "miniflux-files" { } ''
    mkdir -p $out/etc $out/usr/bin
    ln -s ${miniflux}/bin/miniflux $out/usr/bin/miniflux
    echo 'nobody:x:65534:65534::/:/bin/bash' >$out/etc/passwd
    install -m 0755 ${../../../tests/bed/images/miniflux-entrypoint} $out/miniflux-entrypoint
  '';
in
dockerTools.buildLayeredImage {
  name = "localhost:5000/miniflux";
  tag = version;
  contents = [
    bash
    cacert
    coreutils
    files
  ]
  ++ lib.optional (environment != { }) postgresql;
  config = {
    Entrypoint = [ "/miniflux-entrypoint" ];
    User = "nobody";
    Env = [
      "PATH=/bin"
      "LISTEN_ADDR=0.0.0.0:8080"
    ]
    ++ lib.mapAttrsToList (name: value: "${name}=${value}") environment;
  };
}
