# Where alerts can go: the type of each value of `hearth.alerts.channels`.
{ lib, hearth }:
let
  inherit (hearth.types) httpAddress outsideStore;
  channel =
    description: options:
    lib.mkOption {
      inherit description;
      type = lib.types.submodule { inherit options; };
    };
  address =
    example: description:
    lib.mkOption {
      type = httpAddress;
      inherit description example;
    };
  secretFile =
    description:
    lib.mkOption {
      type = outsideStore;
      example = lib.literalExpression "config.hearth.secrets.entries.alert_token.path";
      inherit description;
    };
  optional =
    option:
    option
    // {
      type = lib.types.nullOr option.type;
      default = null;
    };
  caFile = lib.mkOption {
    type = lib.types.nullOr lib.types.path;
    default = null;
    description = "Certificates to trust instead of the system's, in PEM.";
  };
in
lib.types.attrTag {
  command = lib.mkOption {
    type = lib.types.nonEmptyListOf lib.types.str;
    example = lib.literalExpression ''[ "''${pkgs.util-linux}/bin/logger" "--priority" "user.alert" ]'';
    description = ''
      A program and its arguments. It reads the text on standard input, and the parts in its environment as
      `HEARTH_ALERT_STATUS`, `_KIND`, `_OBJECT`, `_TITLE`, `_CAUSE`, `_CONSEQUENCE`, `_REMEDY`, `_SUMMARY`, `_SINCE`,
      `_HOST` and `_KEY`. It runs under the restrictions of the alert's unit.
    '';
  };
  webhook = channel "An HTTP server that takes the event as JSON." {
    url = optional (address "https://alerts.example.org/hook" "Where to send it.");
    urlFile = optional (
      secretFile "File that holds the address, where the address itself is a secret."
    );
    header = lib.mkOption {
      default = null;
      type = lib.types.nullOr (
        lib.types.submodule {
          options = {
            name = lib.mkOption {
              type = lib.types.strMatching "[A-Za-z0-9_-]+";
              example = "Authorization";
              description = "Name of the header.";
            };
            file = secretFile "File that holds its value.";
          };
        }
      );
      description = "Header by which the server knows this host.";
    };
    inherit caFile;
  };
  ntfy = channel "A topic of ntfy." {
    server = address "https://ntfy.sh" "The server." // {
      default = "https://ntfy.sh";
    };
    topic = lib.mkOption {
      type = lib.types.strMatching "[A-Za-z0-9_-]{1,64}";
      description = "The topic. On a public server whoever guesses it reads along.";
    };
    tokenFile = optional (secretFile "File that holds an access token, for a topic that asks for one.");
    inherit caFile;
  };
  gotify = channel "An application of Gotify." {
    server = address "https://gotify.example.org" "The server.";
    tokenFile = secretFile "File that holds the application's token.";
    inherit caFile;
  };
  matrix = channel "A room of Matrix, not encrypted, that the user of the token has joined." {
    server = address "https://matrix.example.org" "The homeserver.";
    room = lib.mkOption {
      type = lib.types.strMatching "![^[:space:]]+";
      example = "!abcdef:example.org";
      description = "The room's identifier, not its alias.";
    };
    tokenFile = secretFile "File that holds the user's access token.";
    inherit caFile;
  };
  email = channel "Mail, through the host's own `sendmail`." {
    from = lib.mkOption {
      type = hearth.types.emailAddress;
      example = "hearth@example.org";
      description = "Sender.";
    };
    to = lib.mkOption {
      type = lib.types.nonEmptyListOf hearth.types.emailAddress;
      example = [ "admin@example.org" ];
      description = "Receivers.";
    };
    sendmail = lib.mkOption {
      type = hearth.types.hostPath;
      default = "/run/wrappers/bin/sendmail";
      description = "Program that takes a message as `sendmail -i -t` does, such as that of Postfix or msmtp.";
    };
  };
}
