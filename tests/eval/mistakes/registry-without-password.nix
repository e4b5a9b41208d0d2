# refused: hearth.swarm.registries."registry.example.org": set exactly one of passwordSecret (an entry of hearth.secrets.entries) and passwordFile.
{ hearth.swarm.registries."registry.example.org".username = "hearth"; }
