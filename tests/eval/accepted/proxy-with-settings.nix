# What a host sets of Hearth's own apps is merged with what Hearth sets there.
{ config, lib, ... }:
let
  inherit (config.hearth.apps) proxy;
  compose = lib.head proxy.recipe.folder.texts;
  has = flag: lib.hasInfix "      - ${builtins.toJSON flag}\n" compose;
in
{
  hearth.apps.proxy = {
    environment.LOG_LEVEL = "DEBUG";
    environment.TZ = "Europe/Berlin";
    drainSeconds = 90;
  };
  hearth.proxy.settings = {
    accessLog.format = "json";
    accessLog.fields.names.StartUTC = "drop";
    entryPoints.web-secure.forwardedHeaders.trustedIPs = [
      "10.0.0.0/8"
      "192.0.2.1"
    ];
    metrics.prometheus = true;
    experimental.localPlugins.x.moduleName = "costs $5 \"each\"";
    serversTransport.maxIdleConnsPerHost = 7;
  };
  assertions = [
    {
      assertion =
        proxy.environment.LOG_LEVEL == "DEBUG"
        && proxy.environment.TZ == "Europe/Berlin"
        && proxy.environment.REFRESH_SECONDS == "2"
        && proxy.drainSeconds == 90;
      message = "the proxy's variables are ${builtins.toJSON proxy.environment}";
    }
    {
      assertion = lib.all has [
        "--accessLog.format=json"
        "--accessLog.fields.names.StartUTC=drop"
        "--entryPoints.web-secure.forwardedHeaders.trustedIPs=10.0.0.0/8,192.0.2.1"
        "--metrics.prometheus=true"
        "--experimental.localPlugins.x.moduleName=costs $$5 \"each\""
        "--serversTransport.maxIdleConnsPerHost=7"
      ];
      message = "the proxy's compose file is ${compose}";
    }
  ];
}
