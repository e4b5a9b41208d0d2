# refused: virtualisation.docker.daemon.settings.userns-remap: swarm mode and the volumes that Hearth restores know the host's own user ids. Take it away.
{ virtualisation.docker.daemon.settings.userns-remap = "default"; }
