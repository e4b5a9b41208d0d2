# Option types that cannot hold a bad value, each described so that the error says what to write instead.
{ lib }:
let
  described = description: type: type // { inherit description; };
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  domain = "(${label}\\.)+${label}";
in
{
  domain = described "domain name in lower case, such as app.example.org" (
    lib.types.strMatching domain
  );

  certificateDomain = described "domain name in lower case, or *. and a domain name for everything one level below it" (
    lib.types.strMatching "(\\*\\.)?${domain}"
  );

  # A path literal would be copied into the store, where every user of the machine can read it.
  outsideStore = described "absolute path outside the Nix store, written as a string (\"/var/lib/key\", not ./key, which would be copied into the world-readable store)" lib.types.externalPath;

  hostPath = described "absolute path on the host, written as a string" (lib.types.strMatching "/.*");

  fileMode = described "octal file mode of four digits without set-id bits, such as 0400" (
    lib.types.strMatching "0[0-7]{3}"
  );

  unitName = described "name of a systemd unit with its suffix, such as nginx.service" (
    lib.types.strMatching "[A-Za-z0-9:_.@\\-]+\\.(service|socket|target|timer|path|mount)"
  );

  composeFile = described "name of a compose file, such as compose.smtp.yml" (
    lib.types.strMatching "[A-Za-z0-9._-]+\\.ya?ml"
  );

  # The helper knows more about it, and refuses the rest while the system is built.
  gitUrl = described "address of a git repository without a password in it: https://…, ssh://…, user@host:path or an absolute path" (
    lib.types.strMatching "https://[^@[:space:]]+|ssh://([^:@/[:space:]]+@)?[^@[:space:]]+|[^:@/[:space:]]+@[^:@/[:space:]]+:[^:[:space:]][^[:space:]]*|(file://)?/[^[:space:]]*"
  );

  recipeVersion = described "version of a recipe such as 10.7.1+26.6.2, or the whole id of a commit" (
    lib.types.strMatching "v?[0-9]+\\.[0-9]+\\.[0-9]+[0-9A-Za-z.+_~-]*|[0-9a-f]{40}|[0-9a-f]{64}"
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

  httpAddress = described "address that begins with https:// or http://" (
    lib.types.strMatching "https?://[^[:space:]]+"
  );

  emailAddress = described "e-mail address such as admin@example.org" (
    lib.types.strMatching "[^@[:space:],]+@[^@[:space:],]+"
  );

  deployWord = described "name of 1 to 50 of a-z 0-9 -, the first a letter or digit" (
    lib.types.strMatching "[a-z0-9][a-z0-9-]{0,49}"
  );

  imageName =
    let
      part = "[a-z0-9][a-z0-9._-]*";
    in
    described "name of an image without tag and digest, such as registry.example.org/shop" (
      lib.types.strMatching "(${part}(:[0-9]+)?/)?${part}(/${part})*"
    );

  # Nothing before the type: options of a key are Hearth's to set.
  sshPublicKey = described "public SSH key on one line, such as ssh-ed25519 AAAA… comment, without options before it" (
    lib.types.strMatching "(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\"[:cntrl:]]*)?"
  );

  # A file is read when the host is evaluated: what is declared is the key, not where it lay.
  cosignPublicKey = described "public key of cosign as PEM, or the file with it" (
    lib.types.coercedTo lib.types.path builtins.readFile (
      lib.types.strMatching "[[:space:]]*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=[:space:]]+-----END PUBLIC KEY-----[[:space:]]*"
    )
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
