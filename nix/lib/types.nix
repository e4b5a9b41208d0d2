# Option types that cannot hold a bad value, each described so that the error says what to write instead.
{ lib }:
let
  described = description: type: type // { inherit description; };
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  domain = "(${label}\\.)+${label}";
  # RFC 1035, 2.3.4: 255 octets, of which a name as text lacks the length of its first label and the root.
  ofDomainLength = type: lib.types.addCheck type (name: lib.stringLength name <= 253);

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  ipv4 = "(${octet}\\.){3}${octet}";
  port = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";

  # What a path with `..` or `//` leads to is not what is read in it, and checks that compare its beginning would be passed by.
  isStraight =
    path:
    toString path == "/"
    || !lib.any (
      part:
      lib.elem part [
        ""
        "."
        ".."
      ]
    ) (lib.splitString "/" (lib.removeSuffix "/" (lib.removePrefix "/" (toString path))));
  straight =
    description: type:
    described "${description}, without `.`, `..` or `//` in it" (lib.types.addCheck type isStraight);

  # systemd.time(7). Not `infinity`: what never runs again is switched off by other options.
  timeSpan =
    let
      unit = "usec|us|µs|μs|msec|ms|seconds|second|sec|s|minutes|minute|min|months|month|M|m|hours|hour|hr|h|days|day|d|weeks|week|w|years|year|y";
    in
    " *([0-9]*\\.?[0-9]+ *(${unit})? *)+";
  isLongerThanZero = span: builtins.match "[^1-9]*" span == null;

  # The letters of a name that may stand in another one, the others replaced.
  spelt =
    {
      letters,
      filler,
      length,
    }:
    name:
    lib.substring 0 length (
      lib.concatMapStrings (letter: if lib.elem letter letters then letter else filler) (
        lib.stringToCharacters (lib.toLower name)
      )
    );

  # As one writes it in a compose file or a flag.
  toText =
    value:
    if lib.isBool value then
      lib.boolToString value
    else if lib.isFloat value then
      builtins.toJSON value
    else
      toString value;

  wordLetters = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz0123456789_";

  # Nothing before the type: options of a key are Hearth's to set.
  sshPublicKey = described "public SSH key on one line, such as ssh-ed25519 AAAA… comment, without options before it" (
    lib.types.strMatching "(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\"[:cntrl:]]*)?"
  );
in
{
  domain = ofDomainLength (
    described "domain name in lower case, such as app.example.org, of at most 253 characters" (
      lib.types.strMatching domain
    )
  );

  certificateDomain = ofDomainLength (
    described "domain name in lower case, or *. and a domain name for everything one level below it, of at most 253 characters" (
      lib.types.strMatching "(\\*\\.)?${domain}"
    )
  );

  # A path literal would be copied into the store, where every user of the machine can read it.
  outsideStore = straight "absolute path outside the Nix store, written as a string (\"/var/lib/key\", not ./key, which would be copied into the world-readable store)" lib.types.externalPath;

  hostPath = straight "absolute path on the host, written as a string" (lib.types.strMatching "/.*");

  # As the engine takes them.
  objectName = described "name of a volume or a network, such as media" (
    lib.types.strMatching "[A-Za-z0-9][A-Za-z0-9_.-]*"
  );

  publishedPort = described "port of the host such as 25 or \"8448/udp\"" (
    lib.types.coercedTo lib.types.port toString (
      lib.types.strMatching "[1-9][0-9]{0,4}(/(tcp|udp|sctp))?"
    )
  );

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
    lib.types.strMatching "${ipv4}/([0-9]|[12][0-9]|3[0-2])"
  );

  listenAddress = described "address and port such as 0.0.0.0:2377" (
    lib.types.strMatching "(${ipv4}|\\[[0-9a-f:]+]):${port}"
  );

  duration = described "systemd time span such as 5min, 1 hour or 2h 30min, longer than zero" (
    lib.types.addCheck (lib.types.strMatching timeSpan) isLongerThanZero
  );

  # What a variable or a label holds is text. Numbers, truth values and paths become what one would write in a compose file;
  # a path stays where it is, and is not copied into the store.
  variable =
    let
      isScalar = value: lib.isInt value || lib.isFloat value || lib.isBool value || builtins.isPath value;
      scalar = lib.mkOptionType {
        name = "scalar";
        check = isScalar;
      };
    in
    described "text, number, true, false or path" (lib.types.coercedTo scalar toText lib.types.str);

  # Of a program that is configured by a tree of keys, RFC 42 of NixOS.
  setting =
    let
      scalar = lib.types.oneOf [
        lib.types.bool
        lib.types.int
        lib.types.float
        lib.types.str
      ];
      tree = lib.types.oneOf [
        scalar
        (lib.types.listOf scalar)
        (lib.types.attrsOf tree)
      ];
    in
    described "text, number, true, false, a list of these, or names with such values" tree;

  # A shape that keeps words apart from calendars. systemd itself is asked when the system is built (nix/modules/calendars.nix).
  calendar =
    let
      day = "(mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)";
      days = "${day}((,|\\.\\.|-)${day})*,?";
      date = "[0-9*/,.]+-[0-9*/,.]+([-~][0-9*/,.]+)?";
      time = "[0-9*/,.]+(:[0-9*/,.]+){1,2}";
      zone = "[a-z_]+[a-z0-9_+/-]*";
      moment = "${days}|${date}|${time}|${days} ${date}|${days} ${time}|${date} ${time}|${days} ${date} ${time}";
      word = "minutely|hourly|daily|monthly|weekly|yearly|annually|quarterly|semiannually";
      pattern = "(${moment}|${word})( ${zone})?|@[0-9]+";
    in
    described "systemd calendar expression such as *-*-* 03:30, Sun 05:00 or daily" (
      lib.types.addCheck lib.types.str (text: builtins.match pattern (lib.toLower text) != null)
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

  inherit sshPublicKey;

  # The key alone, or the key with what sshd is to ask of who uses it.
  sshKeyOfPipeline = lib.types.coercedTo sshPublicKey (key: { inherit key; }) (
    lib.types.submodule {
      options = {
        key = lib.mkOption {
          type = sshPublicKey;
          example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… ci@git.example.org";
          description = "The public key.";
        };
        from = lib.mkOption {
          type = lib.types.listOf (
            described "address or network in CIDR notation, or pattern of host names, such as 203.0.113.0/24, with `!` before what is refused" (
              lib.types.strMatching "!?[A-Za-z0-9.:*?_-]+(/[0-9]{1,3})?"
            )
          );
          default = [ ];
          example = [ "203.0.113.0/24" ];
          description = "Where the key is taken from, as `from=` of sshd has it; from everywhere without any. Names are looked up by address, and whoever answers for the address decides them: prefer addresses.";
        };
        expires = lib.mkOption {
          type = lib.types.nullOr (
            described "day or time such as 20270131, 202701311200 or 20270131Z" (
              lib.types.strMatching "[0-9]{8}([0-9]{4}([0-9]{2})?)?Z?"
            )
          );
          default = null;
          example = "20270131";
          description = "From when on the key is not taken any more, as `expiry-time=` of sshd has it: in the host's time zone, or in UTC with a `Z`.";
        };
      };
    }
  );

  # A file is read when the host is evaluated: what is declared is the key, not where it lay.
  cosignPublicKey = described "public key of cosign as PEM, or the file with it" (
    lib.types.coercedTo lib.types.path builtins.readFile (
      lib.types.strMatching "[[:space:]]*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=[:space:]]+-----END PUBLIC KEY-----[[:space:]]*"
    )
  );

  seconds = lib.types.ints.between 1 86400;

  inherit toText;

  # What an attribute name becomes: a file, a unit, a part of swarm object names.
  isName = name: builtins.match "[a-z0-9]([a-z0-9-]*[a-z0-9])?" name != null;
  # Of an app and of a database. For a name that is refused it is a valid default all the same: what is said is said of the
  # name, and not of an option that nobody set.
  stackFrom =
    name:
    let
      stack = spelt {
        letters = wordLetters ++ [ "-" ];
        filler = "-";
        length = 50;
      } name;
    in
    if builtins.match "[a-z0-9].*" stack == null then "app" else stack;
  roleFrom =
    name:
    let
      role = spelt {
        letters = wordLetters;
        filler = "_";
        length = 63;
      } name;
    in
    if builtins.match "[a-z].*" role == null then "role" else role;
  # Of a registry, as image names begin; of a network, as the engine takes it.
  isRegistryName = name: builtins.match "([A-Za-z0-9.-]+|\\[[0-9a-f:]+])(:[0-9]+)?" name != null;
  isNetworkName = name: builtins.match "[A-Za-z0-9][A-Za-z0-9_.-]*" name != null;
  isSecretName =
    let
      part = "[A-Za-z0-9_-][A-Za-z0-9_.-]*";
    in
    name: builtins.match "${part}(/${part})*" name != null && !lib.hasPrefix "templates/" name;
}
