# The proxy's image, loaded from the store: no registry has to be reached for a host to serve.
{
  cacert,
  dockerTools,
  traefik,
}:
dockerTools.buildLayeredImage {
  name = "hearth/traefik";
  tag = traefik.version;
  contents = [
    traefik
    cacert
  ];
  config.Entrypoint = [ "/bin/traefik" ];
}
