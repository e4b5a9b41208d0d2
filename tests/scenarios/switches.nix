# The systems that the scenario `switches` goes to from the example host, and what its VM needs for that. The bed renders
# each specialisation from the same declaration.
let
  # A change is watched for one second instead of ten.
  quick.gate.healthySeconds = 1;
in
{
  imports = [
    # The image holds all systems.
    ({ lib, ... }: { virtualisation.diskSize = lib.mkForce 16384; })
  ];

  system.switch.enable = true;
  # `boot` chooses what the boot loader starts, so there must be one.
  virtualisation = {
    useBootLoader = true;
    useEFIBoot = true;
  };
  boot.loader.systemd-boot.enable = true;
  networking.hosts."127.0.0.1" = [ "added.example.org" ];

  specialisation = {
    option.configuration.hearth.apps.hello = quick // {
      environment.HELLO_DRAIN_SECONDS = "1";
    };

    rotated.configuration =
      { lib, ... }:
      {
        hearth.secrets.entries.hello_token.file = ../../secrets/rotated-example.yaml;
        hearth.certificates.example.certificateFile = lib.mkForce ../../secrets/example/renewed.crt;
        hearth.apps.hello = quick;
        hearth.apps.hello-test = quick;
      };

    # It leaves the flake with the next switch to any other system.
    added.configuration =
      { lib, ... }:
      {
        hearth.apps.added = quick // {
          # A VM turns off all apps that the scenario does not name from the first boot on.
          enable = lib.mkOverride 40 true;
          domain = "added.example.org";
          recipe = ../recipes/hello;
          gate = quick.gate // {
            probe.caFile = ../../secrets/example/ca.crt;
          };
          secrets.token = "hello_token";
        };
      };

    # No registry has this image.
    failing.configuration.hearth.apps.hello-test = quick // {
      environment.APP_VERSION = "0.0.0-missing";
    };

    engine.configuration.virtualisation.docker.daemon.settings.shutdown-timeout = 20;
  };
}
