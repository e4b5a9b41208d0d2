# refused: hearth.apps.*.deploy.keys.branches is two different keys. Give each a name of its own.
{
  hearth.apps.hello.deploy.keys.branches =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBBBmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs";
}
