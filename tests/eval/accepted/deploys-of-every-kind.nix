# accepted: keys alone, users alone, and neither: root may deploy by hand.
{ lib, ... }:
{
  hearth.apps.hello.deploy = {
    keys = lib.mkForce { };
    labels."org.example.stage" = "runtime";
  };
  hearth.apps.miniflux.deploy = {
    app = "feeds";
    environment = "prod";
    image = "localhost:5000/miniflux";
    variable = "MINIFLUX_IMAGE";
  };
  hearth.apps.hello-test.deploy.keys.sk =
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBBBB= laptop";
}
