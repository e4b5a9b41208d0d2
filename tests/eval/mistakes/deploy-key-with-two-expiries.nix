# refused: hearth.apps.*.deploy.keys.limited: `from` and `expires` differ between environments, and sshd knows one line for a key. Say the same in all of them.
let
  key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRt limited";
in
{
  hearth.apps.hello.deploy.keys.limited = key;
  hearth.apps.hello-test.deploy.keys.limited = {
    inherit key;
    expires = "20370131";
  };
}
