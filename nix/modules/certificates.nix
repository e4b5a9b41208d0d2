# Certificates that the proxy serves. Their files come from anywhere outside the store; one unit each, so that one that has
# expired or does not match its key never holds back another.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.certificates;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;

  secretPrefix = name: "hearth_cert_${name}";

  certificate.options = {
    certificateFile = lib.mkOption {
      type = lib.types.path;
      example = lib.literalExpression "./example.org.crt";
      description = "The certificate in PEM, followed by the intermediate ones. It is public: a file of the repository may be named.";
    };
    keyFile = lib.mkOption {
      type = hearth.types.outsideStore;
      example = lib.literalExpression "config.hearth.secrets.entries.tls_key.path";
      description = "The certificate's private key in PEM.";
    };
    domains = lib.mkOption {
      type = lib.types.nonEmptyListOf hearth.types.certificateDomain;
      example = [ "*.example.org" ];
      description = "Names that the certificate must cover. One that does not is refused, and the old one stays served.";
    };
    expiryWarningDays = lib.mkOption {
      type = lib.types.ints.between 1 365;
      default = 14;
      description = "How many days before it expires each run begins to say so.";
    };
  };

  manifestOf =
    name: certificate:
    hearth.manifest {
      name = "certificate-${name}";
      helper = "insert-certs";
      content = {
        stateFolder = "${paths.state}/certificates/${name}";
        inherit (paths) dockerSocket;
        inherit name;
        inherit (certificate) keyFile domains expiryWarningDays;
        certificateFile = "${certificate.certificateFile}";
        folder = paths.certificates;
        swarmSecretPrefix = secretPrefix name;
      };
    };

  # Used by the unit and by /etc, evaluated once.
  manifests = lib.mapAttrs manifestOf cfg;

  covers =
    domain: pattern:
    let
      above = lib.concatStringsSep "." (lib.tail (lib.splitString "." domain));
    in
    pattern == domain || pattern == "*.${above}";
  isServed = app: app.enable && app.domain != null;
  appDomains = lib.concatMap (app: [ app.domain ] ++ app.domains) (
    lib.filter isServed (lib.attrValues config.hearth.apps)
  );
  isOfAnApp = certificate: lib.any (domain: lib.any (covers domain) certificate.domains) appDomains;
  certificateDomains = lib.concatMap (certificate: certificate.domains) (lib.attrValues cfg);
in
{
  options.hearth.certificates = lib.mkOption {
    type = lib.types.attrsOf (lib.types.submodule certificate);
    default = { };
    description = "Certificates to serve, by a name of your choice.";
  };

  config = lib.mkIf config.hearth.enable {
    assertions = lib.concatLists (
      lib.mapAttrsToList (name: _: [
        {
          assertion = hearth.types.isName name;
          message = "hearth.certificates.${name}: a name is made of lower-case letters, digits and `-`. Rename it.";
        }
        {
          # prefix, `_crt_` or `_key_`, twelve digits of the content's digest
          assertion = lib.stringLength (secretPrefix name) + 5 + 12 <= 64;
          message = "hearth.certificates.${name}: the swarm secret's name would be longer than 64 characters. Shorten the name to ${
            toString (64 - 17 - lib.stringLength (secretPrefix ""))
          } characters.";
        }
      ]) cfg
    );

    warnings =
      map (
        domain:
        "hearth.apps: ${domain} is covered by no certificate, so that browsers will refuse it. Add one to hearth.certificates."
      ) (lib.filter (domain: !lib.any (covers domain) certificateDomains) appDomains)
      # Recipes serve second names by routes of their own: www., well-known hosts, a companion beside the app.
      ++ lib.mapAttrsToList (
        name: certificate:
        "hearth.certificates.${name} covers the domain of no app (${lib.concatStringsSep ", " certificate.domains}). The proxy serves it to whoever asks for such a name, as a recipe may by a route of its own; remove it, or correct its domains, if none does."
      ) (lib.filterAttrs (_: certificate: !isOfAnApp certificate) cfg);

    environment.etc = lib.mapAttrs' (
      name: manifest: lib.nameValuePair "hearth/certificates/${name}.json" { source = manifest; }
    ) manifests;

    systemd.timers = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "hearth-cert-${name}" (
        hearth.unit.timer "Look whether certificate ${name} changed or is about to expire"
      )
    ) cfg;

    systemd.services = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "hearth-cert-${name}" (
        hearth.unit.oneshot {
          description = "Serve certificate ${name}";
          helper = "insert-certs";
          manifest = manifests.${name};
          manifestPath = "${paths.manifests}/certificates/${name}.json";
          state = "hearth/certificates/${name}";
          # Not required: a refused registry login fails the swarm's unit, and a certificate needs no registry.
          wants = [
            "hearth-secrets.service"
            "hearth-swarm.service"
          ];
          after = [
            "hearth-secrets.service"
            "hearth-swarm.service"
          ];
          serviceConfig = {
            # The proxy watches this folder.
            RuntimeDirectory = "hearth/certificates";
            RuntimeDirectoryMode = "0700";
            # A certificate that a client such as lego renews belongs to that client's user.
            CapabilityBoundingSet = "CAP_DAC_READ_SEARCH";
          };
        }
      )
    ) cfg;
  };
}
