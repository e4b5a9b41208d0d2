# Middlewares of apps: passwords and headers. They stand in one file of the folder that the proxy watches, so that a change
# restarts nothing, and a hash is in memory alone; the labels of the apps' routes hold their names.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  inherit (config.hearth.secrets) entries placeholder;
  guarded = lib.filterAttrs (_: app: app.enable && hearth.middlewares.names app.middlewares != [ ]) config.hearth.apps;

  definitionsOf =
    name: app:
    let
      inherit (app) middlewares;
      headers = lib.filterAttrs (_: set: set != { }) {
        customRequestHeaders = middlewares.requestHeaders;
        customResponseHeaders = middlewares.responseHeaders;
      };
      definitions = {
        auth.basicAuth = {
          users = lib.mapAttrsToList (user: secret: "${user}:${placeholder.${secret} or ""}") middlewares.basicAuth;
          inherit (middlewares) realm;
          # What opens the door is none of the app's business.
          removeHeader = true;
        };
        headers.headers = headers;
      };
    in
    lib.listToAttrs (
      map (kind: lib.nameValuePair "hearth-${name}-${kind}" definitions.${kind}) (
        hearth.middlewares.names middlewares
      )
    );
  content = builtins.toJSON {
    http.middlewares = lib.mergeAttrsList (lib.mapAttrsToList definitionsOf guarded);
  };

  # No certificate's name has this character.
  file = "${paths.certificates}/middlewares_of_apps.yml";
  draft = "${paths.certificates}/.middlewares_of_apps.new";
  template = config.hearth.secrets.templates.middlewares;

  complaintsAbout =
    name: app:
    let
      option = "hearth.apps.${name}.middlewares";
      headers = lib.attrNames (app.middlewares.requestHeaders // app.middlewares.responseHeaders);
    in
    lib.concatLists (
      lib.mapAttrsToList (user: secret: [
        {
          assertion = entries ? ${secret};
          message = "${option}.basicAuth.${user} names `${secret}`, which is not declared. Add hearth.secrets.entries.${secret}, or correct the name.";
        }
        {
          assertion = builtins.match "[A-Za-z0-9._@-]+" user != null;
          message = "${option}.basicAuth: `${user}` is no user's name: letters, digits, `.`, `_`, `@` and `-`. Rename it.";
        }
      ]) app.middlewares.basicAuth
    )
    ++ map (header: {
      assertion = builtins.match "[A-Za-z0-9-]+" header != null;
      message = "${option}: `${header}` is no name of a header. Write one such as X-Frame-Options.";
    }) headers
    ++ [
      {
        assertion = app.domain != null;
        message = "${option}: the app has no domain, so that no request comes to it through the proxy. Set hearth.apps.${name}.domain, or take the middlewares away.";
      }
    ];
in
{
  config = lib.mkIf (config.hearth.enable && guarded != { }) {
    assertions = lib.concatLists (lib.mapAttrsToList complaintsAbout guarded);

    hearth.secrets.templates.middlewares = {
      inherit content;
      restartUnits = [ "hearth-middlewares.service" ];
    };
    hearth.alerts.units.hearth-middlewares.object = "passwords and headers of apps";

    systemd.services = {
      hearth-middlewares = {
        description = "Give the proxy the passwords and headers of apps";
        wantedBy = [ "hearth.target" ];
        wants = [ "hearth-secrets.service" ];
        after = [ "hearth-secrets.service" ];
        unitConfig.StartLimitIntervalSec = 0;
        serviceConfig = hearth.unit.hardening // {
          Type = "oneshot";
          ExecStart = [
            "${pkgs.coreutils}/bin/install --mode=0600 ${template.path} ${draft}"
            # The proxy sees the old file or the new one.
            "${pkgs.coreutils}/bin/mv --force --no-target-directory ${draft} ${file}"
          ];
          RuntimeDirectory = lib.removePrefix "/run/" paths.certificates;
          RuntimeDirectoryMode = "0700";
          RuntimeDirectoryPreserve = true;
        };
      };
    }
    # A route whose middleware the proxy does not know is not served.
    // lib.mapAttrs' (name: _: lib.nameValuePair "hearth-app-${name}" { after = [ "hearth-middlewares.service" ]; }) guarded;
  };
}
