# refused: public SSH key on one line, such as ssh-ed25519 AAAA… comment, without options before it
{
  hearth.apps.hello.deploy.keys.other =
    "command=\"sh\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs";
}
