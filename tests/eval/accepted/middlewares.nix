# Passwords and headers on one app, headers alone on another.
{ config, ... }:
{
  hearth.apps.hello.middlewares = {
    basicAuth = {
      alice = "hello_token";
      "bob@example.org" = "registry_password";
    };
    responseHeaders = {
      X-Frame-Options = "DENY";
      X-Powered-By = "";
    };
  };
  hearth.apps.miniflux.middlewares.requestHeaders.X-Forwarded-Port = "443";
  # What is asked without a password is answered so, and the file that the proxy reads names both apps.
  assertions = [
    {
      assertion = config.hearth.apps.hello.gate.probe.status == 401 && config.hearth.apps.miniflux.gate.probe.status == 200;
      message = "the probe of an app with a password does not expect to be asked for one";
    }
    {
      assertion =
        builtins.attrNames (builtins.fromJSON config.hearth.secrets.templates.middlewares.content).http.middlewares
        == [
          "hearth-hello-auth"
          "hearth-hello-headers"
          "hearth-miniflux-headers"
        ];
      message = "the proxy is not told of every middleware";
    }
  ];
}
