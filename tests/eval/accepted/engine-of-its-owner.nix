# What somebody says of their engine counts, where Hearth does not depend on it.
{ config, ... }:
{
  virtualisation.docker = {
    logDriver = "json-file";
    daemon.settings.log-level = "debug";
    autoPrune = {
      enable = true;
      flags = [ "--force" ];
    };
  };
  assertions = [
    {
      assertion = config.virtualisation.docker.logDriver == "json-file";
      message = "the log driver is ${config.virtualisation.docker.logDriver}";
    }
  ];
}
