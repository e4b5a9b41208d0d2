# refused: public SSH key on one line
{
  hearth.apps.hello.deploy.keys.other =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs";
}
