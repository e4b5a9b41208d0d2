# refused: passwordSecret names `registry`, which is not declared. Add hearth.secrets.entries.registry, or correct the name.
{
  hearth.swarm.registries."registry.example.org" = {
    username = "hearth";
    passwordSecret = "registry";
  };
}
