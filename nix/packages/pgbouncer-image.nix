# The pooler's image, loaded from the store: there is no official one. It has what nix/recipes/postgres/pooler.sh calls.
{
  bash,
  coreutils,
  dockerTools,
  gnused,
  pgbouncer,
  unixtools,
  name ? "hearth/pgbouncer",
  tag ? pgbouncer.version,
}:
dockerTools.buildLayeredImage {
  inherit name tag;
  contents = [
    bash
    coreutils
    gnused
    pgbouncer
    unixtools.getent
  ];
  config.Env = [ "PATH=/bin" ];
}
