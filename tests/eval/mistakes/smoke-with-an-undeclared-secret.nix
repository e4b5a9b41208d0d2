# refused: hearth.apps.hello.gate.smoke.health names the secret `probe_password`, which is not declared. Add hearth.secrets.entries.probe_password, or correct the name.
{
  hearth.apps.hello.gate.smoke.health.basicAuth = {
    username = "probe";
    passwordSecret = "probe_password";
  };
}
