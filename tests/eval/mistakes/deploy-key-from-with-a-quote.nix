# refused: address or network in CIDR notation
{
  hearth.apps.hello.deploy.keys.limited = {
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRt limited";
    from = [ "203.0.113.1\",pty,command=\"sh" ];
  };
}
