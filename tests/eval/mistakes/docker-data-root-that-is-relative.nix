# refused: virtualisation.docker.daemon.settings.data-root: `data/docker` is no absolute path. Write one such as /data/docker.
{ virtualisation.docker.daemon.settings.data-root = "data/docker"; }
