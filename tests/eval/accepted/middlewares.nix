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
  # The file that the proxy reads names both apps.
  assertions = [
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
