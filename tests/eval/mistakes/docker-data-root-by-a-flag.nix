# refused: virtualisation.docker.extraOptions has `--data-root=/data/docker`, which Hearth cannot follow. Set virtualisation.docker.daemon.settings.data-root instead.
{ virtualisation.docker.extraOptions = "--debug --data-root=/data/docker"; }
