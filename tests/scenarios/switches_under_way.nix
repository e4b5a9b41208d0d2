# The systems that the scenario `switches_under_way` goes to while something else happens.
{
  system.switch.enable = true;

  specialisation = {
    changed.configuration.hearth.apps.hello-test = {
      gate.healthySeconds = 1;
      environment.HELLO_DRAIN_SECONDS = "1";
    };

    # It starts to serve after twenty seconds.
    slow.configuration.hearth.apps.hello-test = {
      gate.healthySeconds = 1;
      environment.APP_VERSION = "1.2.0-slow";
    };
  };
}
