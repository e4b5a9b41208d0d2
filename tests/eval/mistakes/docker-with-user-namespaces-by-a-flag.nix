# refused: virtualisation.docker.extraOptions has `--userns-remap=default`: swarm mode and the volumes that Hearth restores know the host's own user ids. Take it away.
{ virtualisation.docker.extraOptions = "--userns-remap=default"; }
