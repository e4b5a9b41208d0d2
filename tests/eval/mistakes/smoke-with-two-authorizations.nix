# refused: hearth.apps.hello.gate.smoke.health: basicAuth and bearerSecret are the same header. Set one of them.
{
  hearth.apps.hello.gate.smoke.health = {
    basicAuth = {
      username = "probe";
      passwordSecret = "hello_token";
    };
    bearerSecret = "hello_token";
  };
}
