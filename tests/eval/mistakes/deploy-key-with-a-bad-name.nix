# refused: the name of a key is made of letters, digits, `.`, `_` and `-`. Rename it.
{
  hearth.apps.hello.deploy.keys."ci --door socket" =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBBBmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs";
}
