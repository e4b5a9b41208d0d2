# Middlewares of apps: passwords and headers. They stand in a file for each app, in the folder that the proxy watches, so
# that a change restarts nothing, a hash is in memory alone, and one that is missing closes no other app; the labels of the
# apps' routes hold their names.
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
  guarded = lib.filterAttrs (
    _: app: app.enable && hearth.middlewares.names app.middlewares != [ ]
  ) config.hearth.apps;

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
          users = lib.mapAttrsToList (
            user: secret: "${user}:${placeholder.${secret} or ""}"
          ) middlewares.basicAuth;
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
  unitOf = name: "hearth-middlewares-${name}";
  templateOf = name: "middlewares-${name}";
  # No certificate's name has this character.
  fileOf = name: "${paths.certificates}/middlewares_${name}.yml";

  # Read and written anew: of a file that it cannot read, the proxy would take its whole folder for unreadable.
  giveTo =
    name:
    let
      template = config.hearth.secrets.templates.${templateOf name};
      draft = "${paths.certificates}/.middlewares_${name}.new";
    in
    pkgs.writeShellScript (unitOf name) ''
      set -e
      ${pkgs.jq}/bin/jq --compact-output . ${template.path} > ${draft}
      # The proxy sees the old file or the new one.
      ${pkgs.coreutils}/bin/mv --force --no-target-directory ${draft} ${fileOf name}
    '';

  unit = name: {
    description = "Give the proxy the passwords and headers of app ${name}";
    wantedBy = [
      "hearth.target"
      # What failed for want of a secret is tried again when secrets are looked at.
      "hearth-secrets.service"
    ];
    wants = [ "hearth-secrets.service" ];
    after = [ "hearth-secrets.service" ];
    unitConfig.StartLimitIntervalSec = 0;
    # Stopped, it takes the file away, and the routes are not served until it is there again.
    reloadIfChanged = true;
    serviceConfig = hearth.unit.hardening // {
      Type = "oneshot";
      # A unit that is over is not told of new content.
      RemainAfterExit = true;
      ExecStart = giveTo name;
      ExecReload = giveTo name;
      # Of an app that is not declared any more, or has no middlewares.
      ExecStop = "${pkgs.coreutils}/bin/rm --force ${fileOf name}";
      RuntimeDirectory = lib.removePrefix "/run/" paths.certificates;
      RuntimeDirectoryMode = "0700";
      RuntimeDirectoryPreserve = true;
    };
  };

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

    hearth.secrets.templates = lib.mapAttrs' (
      name: app:
      lib.nameValuePair (templateOf name) {
        content = builtins.toJSON { http.middlewares = definitionsOf name app; };
        reloadUnits = [ "${unitOf name}.service" ];
      }
    ) guarded;
    hearth.alerts.units = lib.mapAttrs' (
      name: _: lib.nameValuePair (unitOf name) { object = "passwords and headers of ${name}"; }
    ) guarded;

    systemd.services =
      lib.mapAttrs' (name: _: lib.nameValuePair (unitOf name) (unit name)) guarded
      # A route whose middleware the proxy does not know is not served.
      // lib.mapAttrs' (
        name: _: lib.nameValuePair "hearth-app-${name}" { after = [ "${unitOf name}.service" ]; }
      ) guarded;
  };
}
