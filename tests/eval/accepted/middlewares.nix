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
  # Each app has a file of its own, which lacks nothing and names no secret of another.
  assertions = [
    {
      assertion =
        let
          templates = config.hearth.secrets.templates;
          named =
            name:
            builtins.attrNames (builtins.fromJSON templates."middlewares-${name}".content).http.middlewares;
        in
        builtins.attrNames templates == [
          "middlewares-hello"
          "middlewares-miniflux"
        ]
        &&
          named "hello" == [
            "hearth-hello-auth"
            "hearth-hello-headers"
          ]
        && named "miniflux" == [ "hearth-miniflux-headers" ]
        && templates.middlewares-miniflux.reloadUnits == [ "hearth-middlewares-miniflux.service" ];
      message = "the proxy is not told of every middleware, each app by itself";
    }
    {
      assertion = builtins.elem "hearth-middlewares-hello.service" config.systemd.services.hearth-app-hello.after;
      message = "an app is deployed before the proxy knows its middlewares";
    }
  ];
}
