# refused: virtualisation.docker.extraOptions has `-g`, which Hearth cannot follow. Set virtualisation.docker.daemon.settings.data-root instead.
{ virtualisation.docker.extraOptions = "-g /data/docker"; }
