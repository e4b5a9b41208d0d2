# What the proxy does before a request reaches an app: the type of `hearth.apps.NAME.middlewares`.
{ lib }:
let
  headers =
    of:
    lib.mkOption {
      type = lib.types.attrsOf (lib.types.strMatching "[^[:cntrl:]]*");
      default = { };
      description = "Headers of ${of}, over those that are there. An empty value takes a header away. They are no secrets: everybody on this host may read them.";
    };
in
{
  options = {
    basicAuth = lib.mkOption {
      type = lib.types.attrsOf lib.types.nonEmptyStr;
      default = { };
      example.alice = "wiki_alice_hash";
      description = ''
        Who may come in: for each user the entry of `hearth.secrets.entries` with the hash of their password, on one line, such
        as `htpasswd -nB alice` prints behind the colon. The app itself does not see the password. The gate's probe then asks
        without one, and must be answered 401.
      '';
    };
    realm = lib.mkOption {
      type = lib.types.strMatching "[^\"[:cntrl:]]+";
      default = "restricted";
      description = "What browsers show beside the question for the password.";
    };
    requestHeaders = headers "each request, as the app sees it" // {
      example.X-Forwarded-Port = "443";
    };
    responseHeaders = headers "each answer, as the client sees it" // {
      example.Strict-Transport-Security = "max-age=31536000";
    };
  };
}
