# What a new version of an app must show beyond being healthy and answering: smoke, page audit, watch.
{
  lib,
  hearth,
  app,
}:
let
  inherit (lib) mkOption types;
  inherit (hearth.types) seconds;
  secretName = types.nullOr types.nonEmptyStr;

  # Whom the request comes from, and how it reaches the app. Only the app's own origin gets to see secrets.
  asker = {
    basicAuth = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            username = mkOption {
              type = types.strMatching "[^:]+";
              description = "The name.";
            };
            passwordSecret = mkOption {
              type = types.nonEmptyStr;
              description = "The entry of `hearth.secrets.entries` with the password.";
            };
          };
        }
      );
      default = null;
      description = "Name and password that are sent, for an app or a proxy that asks for them.";
    };
    bearerSecret = mkOption {
      type = secretName;
      default = null;
      example = "hello_token";
      description = "The entry of `hearth.secrets.entries` with a token that is sent as `Authorization: Bearer …`.";
    };
    secretHeaders = mkOption {
      type = types.attrsOf types.nonEmptyStr;
      default = { };
      example.X-Api-Key = "shop_api_key";
      description = "For each header that is sent, the entry of `hearth.secrets.entries` with its whole value.";
    };
    caFile = mkOption {
      type = types.nullOr types.path;
      default = app.gate.probe.caFile;
      defaultText = lib.literalMD "that of the probe";
      description = "Certificates in PEM to trust instead of the system's, for a CA of your own.";
    };
    connectTo = mkOption {
      type = types.nullOr hearth.types.listenAddress;
      default = app.gate.probe.connectTo;
      defaultText = lib.literalMD "that of the probe";
      description = "Address to connect to instead of the one that the app's name resolves to.";
    };
    budgetSeconds = mkOption {
      type = seconds;
      default = 60;
      description = "How long it may take until everything is right.";
    };
  };

  request =
    { config, ... }:
    {
      options = asker // {
        path = mkOption {
          type = types.strMatching "/.*";
          default = "/";
          example = "/api/health";
          description = "What to ask for.";
        };
        url = mkOption {
          type = hearth.types.httpAddress;
          default = "https://${toString app.domain}${config.path}";
          defaultText = lib.literalMD "`https://‹domain›‹path›`";
          description = "The whole address, when it is not `path` at the app's domain.";
        };
        method = mkOption {
          type = types.enum [
            "GET"
            "HEAD"
            "POST"
            "PUT"
            "PATCH"
            "DELETE"
            "OPTIONS"
          ];
          default = "GET";
          description = "How to ask. What is asked is done: a request that changes data changes that of the app.";
        };
        headers = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example.Content-Type = "application/json";
          description = "Headers that are sent. They end up in the store in clear: secrets belong in `secretHeaders`.";
        };
        body = mkOption {
          type = types.str;
          default = "";
          description = "What is sent.";
        };
        followRedirects = mkOption {
          type = types.bool;
          default = false;
          description = "Whether redirects are followed, cookies and all, so that what is judged is where they end. One that leaves https is a failure, and so is one to a host that is neither that of the address nor the app's `domain` or among its `domains`.";
        };
        status = mkOption {
          type = types.ints.between 100 599;
          default = 200;
          description = "The status of the right answer.";
        };
        contains = mkOption {
          type = types.nullOr types.nonEmptyStr;
          default = null;
          description = "Text that the right answer contains in its first mebibyte.";
        };
        lacks = mkOption {
          type = types.nullOr types.nonEmptyStr;
          default = null;
          example = "Traceback";
          description = "Text that the right answer does not contain.";
        };
        answerHeaders = mkOption {
          type = types.attrsOf (types.nullOr types.str);
          default = { };
          example = {
            Content-Type = "text/html";
            X-Powered-By = null;
          };
          description = "Text that the value of each of these headers of the right answer contains; `null` where it has no such header.";
        };
        json = mkOption {
          type = types.attrsOf types.anything;
          default = { };
          example = {
            "/status" = "ok";
            "/checks/0/healthy" = true;
          };
          description = "What stands in the right answer, which is JSON, at each of these JSON pointers (RFC 6901).";
        };
      };
    };
in
{
  certificateSeconds = mkOption {
    type = seconds;
    default = 180;
    description = ''
      How long the proxy may show a certificate of its own, or that of another name, before this counts as a failure. The time for
      an answer begins when the certificate is there. Raise it where a certificate is had from a CA at the first visit.
    '';
  };
  smoke = mkOption {
    type = types.attrsOf (types.submodule request);
    default = { };
    example = lib.literalExpression ''
      {
        health = { path = "/api/health"; json."/status" = "ok"; };
        login = { path = "/login"; contains = "Sign in"; lacks = "Traceback"; };
      }
    '';
    description = ''
      Requests through the public address that a new version must answer as is said here, by a name of your choice. One that does not
      is rolled back. They are asked in the order of their names, after the probe.
    '';
  };
  audit = asker // {
    pages = mkOption {
      type = types.listOf (types.strMatching "(/|https?://).*");
      default = [ ];
      example = [
        "/"
        "/login"
      ];
      description = ''
        Pages (paths at the app's domain, or whole addresses of one origin) that are loaded as a browser loads them, with the
        stylesheets, scripts, images, fonts and forms that they refer to. What is the app's own must be there and be what it is wanted
        for, and everything must be https. A new version of which a visitor would miss something is rolled back.
      '';
    };
    origins = mkOption {
      type = types.listOf (types.strMatching "https://[^/[:space:]]+");
      default = [ ];
      example = [ "https://static.example.org" ];
      description = "Other origins whose files are asked for too. Without it, they must be https and that is all.";
    };
    ignore = mkOption {
      type = types.listOf types.nonEmptyStr;
      default = [ ];
      example = [ "/uploads/" ];
      description = "References that are passed over: those whose path at the app's own host, or whose address, begins so. For what people put into the app, and not its version.";
    };
  };
  watch = {
    seconds = mkOption {
      type = types.ints.between 0 7200;
      default = 0;
      example = 300;
      description = ''
        How long a new version is watched after it has passed everything else; 0 for not at all. When it restarts too often meanwhile,
        or the probe, smoke or page audit fail, it is rolled back with its data: what people wrote in that time is lost with it. The
        unit runs until the watch is over, and the version counts from then on.
      '';
    };
    everySeconds = mkOption {
      type = seconds;
      default = 10;
      description = "How long it is left alone between two looks. Pages are audited again after each restart, and at the end.";
    };
    restartLimit = mkOption {
      type = types.ints.between 1 100;
      default = 1;
      description = "How many tasks of one service may fail meanwhile before the version counts as failed.";
    };
  };
}
