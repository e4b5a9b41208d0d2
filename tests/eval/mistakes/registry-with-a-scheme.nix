# refused: hearth.swarm.registries."https://registry.example.org/": a registry is named as image names begin, `host` or `host:port`. Write hearth.swarm.registries."registry.example.org".
{
  hearth.swarm.registries."https://registry.example.org/" = {
    username = "hearth";
    passwordSecret = "registry_password";
  };
}
