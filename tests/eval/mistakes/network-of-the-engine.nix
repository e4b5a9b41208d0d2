# refused: hearth.swarm.networks."ingress": the engine has a network of its own by this name. Rename it.
{ hearth.swarm.networks.ingress = { }; }
