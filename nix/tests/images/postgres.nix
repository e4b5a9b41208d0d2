# PostgreSQL for the VM tests, started by the same script as the bed's image of Debian's packages.
{
  bash,
  coreutils,
  dockerTools,
  postgresql,
  runCommand,
  writeShellScriptBin,
}:
let
  # What the script asks of setpriv coreutils can do as well, which spares the image a package.
  setpriv = writeShellScriptBin "setpriv" ''
    while [[ $1 == --* ]]; do shift; done
    exec chroot --userspec=postgres / "$@"
  '';
  files = runCommand "postgres-files" { } ''
    mkdir -p $out/etc $out/usr/lib/postgresql/17 $out/var/lib/postgresql $out/tmp
    ln -s ${postgresql}/bin $out/usr/lib/postgresql/17/bin
    echo 'root:x:0:0::/root:/bin/bash' >$out/etc/passwd
    echo 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' >>$out/etc/passwd
    printf 'root:x:0:\npostgres:x:999:\n' >$out/etc/group
    install -m 0755 ${../../../tests/bed/images/postgres-entrypoint} $out/postgres-entrypoint
  '';
in
dockerTools.buildLayeredImage {
  name = "localhost:5000/postgres";
  tag = "17";
  contents = [
    bash
    coreutils
    files
    setpriv
  ];
  config = {
    Entrypoint = [ "/postgres-entrypoint" ];
    Cmd = [ "postgres" ];
    Env = [
      "PATH=/usr/lib/postgresql/17/bin:/bin"
      "PGDATA=/var/lib/postgresql/data/17"
    ];
    StopSignal = "SIGINT";
  };
}
