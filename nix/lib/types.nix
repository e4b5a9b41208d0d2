# Option types that cannot hold a bad value, each described so that the error says what to write instead.
{ lib }:
let
  described = description: type: type // { inherit description; };
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  domain = "(${label}\\.)+${label}";
in
{
  domain = described "domain name in lower case, such as app.example.org" (lib.types.strMatching domain);

  certificateDomain =
    described "domain name in lower case, or *. and a domain name for everything one level below it"
      (lib.types.strMatching "(\\*\\.)?${domain}");

  # A path literal would be copied into the store, where every user of the machine can read it.
  outsideStore =
    described
      "absolute path outside the Nix store, written as a string (\"/var/lib/key\", not ./key, which would be copied into the world-readable store)"
      lib.types.externalPath;

  hostPath = described "absolute path on the host, written as a string" (lib.types.strMatching "/.*");

  fileMode = described "octal file mode of four digits without set-id bits, such as 0400" (
    lib.types.strMatching "0[0-7]{3}"
  );

  unitName =
    described "name of a systemd unit with its suffix, such as nginx.service"
      (lib.types.strMatching "[A-Za-z0-9:_.@\\-]+\\.(service|socket|target|timer|path|mount)");

  composeFile = described "name of a compose file, such as compose.smtp.yml" (
    lib.types.strMatching "[A-Za-z0-9._-]+\\.ya?ml"
  );

  cidr = described "IPv4 network such as 10.20.0.0/16" (
    lib.types.strMatching "([0-9]{1,3}\\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])"
  );

  listenAddress = described "address and port such as 0.0.0.0:2377" (
    lib.types.strMatching "(([0-9]{1,3}\\.){3}[0-9]{1,3}|\\[[0-9a-f:]+]):[0-9]{1,5}"
  );

  duration = described "systemd time span such as 5min or 30s" (
    lib.types.strMatching "([0-9]+(us|ms|s|sec|min|m|h|hr|d|w)? ?)+"
  );

  httpAddress =
    described "address that begins with https:// or http://"
      (lib.types.strMatching "https?://[^[:space:]]+");

  emailAddress = described "e-mail address such as admin@example.org" (
    lib.types.strMatching "[^@[:space:],]+@[^@[:space:],]+"
  );

  seconds = lib.types.ints.between 1 86400;

  # What an attribute name becomes: a file, a unit, a part of swarm object names.
  isName = name: builtins.match "[a-z0-9]([a-z0-9-]*[a-z0-9])?" name != null;
  isSecretName =
    let
      part = "[A-Za-z0-9_-][A-Za-z0-9_.-]*";
    in
    name: builtins.match "${part}(/${part})*" name != null && !lib.hasPrefix "templates/" name;
}
