# Variables as one writes them in Nix: each becomes the text that a compose file would have.
{ config, lib, ... }:
let
  written = config.hearth.apps.shop.environment;
in
{
  hearth.apps.shop = {
    recipe = ../../recipes/hello;
    environment = {
      PORT = 8080;
      OFFSET = -1;
      RATE = 0.5;
      SIGNUP = false;
      TELEMETRY = lib.mkDefault true;
      MEDIA = /srv/media;
      LOG_LEVEL = "debug";
    };
  };
  hearth.swarm.nodeLabels.ssd = true;
  assertions = [
    {
      assertion =
        written == {
          PORT = "8080";
          OFFSET = "-1";
          RATE = "0.5";
          SIGNUP = "false";
          TELEMETRY = "true";
          MEDIA = "/srv/media";
          LOG_LEVEL = "debug";
        };
      message = "the app's variables are ${builtins.toJSON written}";
    }
    {
      assertion = config.hearth.swarm.nodeLabels.ssd == "true";
      message = "the label is ${config.hearth.swarm.nodeLabels.ssd}";
    }
  ];
}
