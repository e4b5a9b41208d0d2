# refused: hearth.apps: hello and hello-test are both `hello prod` to a pipeline. Give each its own deploy.environment.
{ lib, ... }:
{
  hearth.apps.hello-test.deploy.environment = lib.mkForce "prod";
}
