# What is declared of smoke, page audit and watch, as the manifest of an app has it; how long it may take; what is wrong with it.
{ lib, config }:
let
  entries = config.hearth.secrets.entries;
  requestsOf = app: lib.attrValues app.gate.smoke ++ lib.optional (audits app) app.gate.audit;
  audits = app: app.gate.audit.pages != [ ];

  credentialsOf = asker: {
    basicAuth =
      if asker.basicAuth == null then
        null
      else
        {
          inherit (asker.basicAuth) username;
          passwordFile = entries.${asker.basicAuth.passwordSecret}.path;
        };
    bearerFile = if asker.bearerSecret == null then null else entries.${asker.bearerSecret}.path;
    headerFiles = lib.mapAttrs (_: secret: entries.${secret}.path) asker.secretHeaders;
  };
  reachedBy = asker: {
    inherit (asker) connectTo budgetSeconds;
    caFile = if asker.caFile == null then null else "${asker.caFile}";
    credentials = credentialsOf asker;
  };

  smokeOf =
    app: name: smoke:
    reachedBy smoke
    // {
      inherit name;
      redirectHosts = lib.optional (app.domain != null) app.domain ++ app.domains;
      inherit (smoke)
        url
        method
        headers
        body
        followRedirects
        ;
      expect = {
        inherit (smoke)
          status
          contains
          lacks
          json
          ;
        headers = smoke.answerHeaders;
      };
    };

  pageOf =
    app: page: if lib.hasPrefix "/" page then "https://${toString app.domain}${page}" else page;
  secretsOf =
    asker:
    lib.optional (asker.basicAuth != null) asker.basicAuth.passwordSecret
    ++ lib.optional (asker.bearerSecret != null) asker.bearerSecret
    ++ lib.attrValues asker.secretHeaders;

  complaintsAboutSecrets =
    option: asker:
    map (secret: {
      assertion = entries ? ${secret};
      message = "${option} names the secret `${secret}`, which is not declared. Add hearth.secrets.entries.${secret}, or correct the name.";
    }) (secretsOf asker)
    ++ [
      {
        assertion = asker.basicAuth == null || asker.bearerSecret == null;
        message = "${option}: basicAuth and bearerSecret are the same header. Set one of them.";
      }
    ];
in
{
  manifestOf = app: {
    inherit (app.gate) certificateSeconds;
    smoke = lib.mapAttrsToList (smokeOf app) app.gate.smoke;
    audit =
      if audits app then
        reachedBy app.gate.audit
        // {
          pages = map (pageOf app) app.gate.audit.pages;
          inherit (app.gate.audit) origins ignore;
        }
      else
        null;
    watch = if app.gate.watch.seconds == 0 then null else app.gate.watch;
  };

  # How long a run may take for it. A watch goes on for as long as the looks in it, and the last of them, take.
  secondsOf =
    app:
    let
      asked = lib.foldl' (sum: asker: sum + asker.budgetSeconds) 0 (requestsOf app);
      watched = app.gate.watch.seconds + app.gate.convergeSeconds + asked + app.gate.probe.budgetSeconds;
    in
    app.gate.certificateSeconds + asked + (if app.gate.watch.seconds == 0 then 0 else watched);

  asks = app: requestsOf app != [ ];

  complaintsAbout =
    option: app:
    lib.concatLists (
      lib.mapAttrsToList (
        name: smoke:
        complaintsAboutSecrets "${option}.gate.smoke.${name}" smoke
        ++ [
          {
            assertion = !lib.hasPrefix "https:///" smoke.url;
            message = "${option}.gate.smoke.${name}: the app has no domain to ask. Set ${option}.domain, or its url.";
          }
          {
            assertion =
              smoke.body == ""
              || !lib.elem smoke.method [
                "GET"
                "HEAD"
              ];
            message = "${option}.gate.smoke.${name}: a request with method ${smoke.method} has no body. Set method = \"POST\".";
          }
        ]
        ++ map (pointer: {
          assertion = pointer == "" || lib.hasPrefix "/" pointer;
          message = "${option}.gate.smoke.${name}.json: `${pointer}` is no JSON pointer. Write `/${pointer}`.";
        }) (lib.attrNames smoke.json)
      ) app.gate.smoke
    )
    ++ complaintsAboutSecrets "${option}.gate.audit" app.gate.audit
    ++ [
      {
        assertion = app.domain != null || !lib.any (lib.hasPrefix "/") app.gate.audit.pages;
        message = "${option}.gate.audit.pages: the app has no domain for these paths. Set ${option}.domain, or write whole addresses.";
      }
    ];
}
