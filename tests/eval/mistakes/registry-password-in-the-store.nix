# refused: absolute path outside the Nix store, written as a string ("/var/lib/key", not ./key, which would be copied into the world-readable store)
{
  hearth.swarm.registries."registry.example.org" = {
    username = "hearth";
    passwordFile = ./registry-password-in-the-store.nix;
  };
}
