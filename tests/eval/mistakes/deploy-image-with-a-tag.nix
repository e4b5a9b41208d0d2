# refused: name of an image without tag and digest
{ lib, ... }:
{
  hearth.apps.hello.deploy.image = lib.mkForce "localhost:5000/hello:1.0.0";
}
