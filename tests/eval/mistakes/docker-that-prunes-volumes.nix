# refused: virtualisation.docker.autoPrune.flags has `--volumes`, which removes volumes of apps that are stopped. Take it away.
{
  virtualisation.docker.autoPrune = {
    enable = true;
    flags = [ "-f --volumes" ];
  };
}
