# accepted: keys that are taken from some addresses, and for some time.
{
  hearth.apps.hello.deploy.keys.limited = {
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRt limited";
    from = [
      "203.0.113.0/24"
      "!203.0.113.9"
      "2001:db8::/32"
      "*.runner.example.org"
    ];
    expires = "20370131Z";
  };
}
