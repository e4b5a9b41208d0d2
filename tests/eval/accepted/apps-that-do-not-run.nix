# What is declared stopped, turned off, or left to run when it leaves the flake. An app that is turned off is still listed,
# and one that changes its domain keeps its data under its old stack.
{ config, lib, ... }:
let
  listed = config.environment.etc."hearth/undeclared.json".source.text;
  says = text: lib.hasInfix text (lib.replaceStrings [ " " "\n" ] [ "" "" ] listed);
in
{
  hearth.undeclared = "keep";
  hearth.apps.hello = {
    state = "stopped";
    domain = lib.mkForce "hallo.example.org";
    stack = "hello_example_org";
  };
  hearth.apps.miniflux.enable = false;
  assertions = [
    {
      assertion =
        says ''"policy":"keep"'' && says ''"miniflux":{"enabled":false,"stack":"feeds_example_org"}'';
      message = "hearth/undeclared.json lists ${listed}";
    }
    {
      assertion = says ''"hello":{"enabled":true,"stack":"hello_example_org"}'';
      message = "hearth/undeclared.json lists ${listed}";
    }
  ];
}
