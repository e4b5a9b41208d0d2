# The pooler's image, loaded from the store: there is no official one.
{
  bash,
  coreutils,
  dockerTools,
  glibc,
  gnused,
  pgbouncer,
  postgresql,
  name ? "hearth/pgbouncer",
  tag ? pgbouncer.version,
}:
dockerTools.buildLayeredImage {
  inherit name tag;
  contents = [
    bash
    coreutils
    # getent
    glibc.bin
    gnused
    pgbouncer
    postgresql
  ];
  config.Env = [ "PATH=/bin" ];
}
