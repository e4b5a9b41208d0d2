# The example host as a VM: what surrounds a host in the world is beside it here, a registry with a login, names, and its key.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  helloVersions = lib.importJSON ../../tests/apps/hello/versions.json;
  shopVersions = lib.importJSON ../../tests/apps/shop/versions.json;
  images = [
    (pkgs.callPackage ../packages/miniflux-image.nix { })
    (pkgs.callPackage ../packages/miniflux-image.nix {
      version = "2.3.0-breaks";
      environment.BREAKING_MIGRATION = "1";
    })
    (pkgs.callPackage ../packages/postgres-image.nix { })
    (pkgs.callPackage ../packages/pgbouncer-image.nix {
      name = "localhost:5000/pgbouncer";
      tag = "1";
    })
  ]
  ++ lib.mapAttrsToList (
    version: environment: pkgs.callPackage ../packages/hello-image.nix { inherit version environment; }
  ) helloVersions
  ++ lib.mapAttrsToList (
    version: what: pkgs.callPackage ../packages/shop-image.nix (what // { inherit version; })
  ) shopVersions;
  password = config.hearth.secrets.entries.registry_password.path;
  logins = "/run/registry/htpasswd";
in
{
  imports = [
    ../hosts/example.nix
    ./operator.nix
  ];

  virtualisation = {
    cores = 2;
    memorySize = 3072;
    diskSize = 8192;
  };

  networking = {
    # What scenarios call it.
    hostName = "host";
    hosts."127.0.0.1" = [
      "hello.example.org"
      "hello-test.example.org"
      "feeds.example.org"
      "shop.example.org"
    ];
  };

  # An app that a scenario declares by itself.
  environment.etc."recipes/shop".source = ../../tests/recipes/shop;
  environment.etc."recipes/postgres".source = ../recipes/postgres;

  # The private key is a test key, public with the repository. On a host of your own nothing may put it into the store.
  systemd.tmpfiles.settings.example-key."/var/lib/hearth/age.key".C = {
    mode = "0400";
    argument = "${../../tests/bed/keys/TEST-ONLY-age.key}";
  };

  # Scenarios call these by name.
  environment.systemPackages = [
    config.hearth.package
    pkgs.curl
    pkgs.jq
    pkgs.libfaketime
    pkgs.openssl
    pkgs.python3
  ];

  services.dockerRegistry = {
    enable = true;
    extraConfig.auth.htpasswd = {
      realm = "hearth";
      path = logins;
    };
  };

  systemd.services = {
    registry-login = {
      description = "The registry's one login, with the password that the host logs in with";
      requiredBy = [ "docker-registry.service" ];
      before = [ "docker-registry.service" ];
      wants = [ "hearth-secrets.service" ];
      after = [ "hearth-secrets.service" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        RuntimeDirectory = "registry";
      };
      script = ''
        ${pkgs.apacheHttpd}/bin/htpasswd -niB hearth <${password} >${logins}
        chmod 0444 ${logins}
      '';
    };

    registry-images = {
      description = "Push the images of the example's apps";
      requiredBy = [ "hearth-swarm.service" ];
      before = [ "hearth-swarm.service" ];
      requires = [ "docker-registry.service" ];
      after = [ "docker-registry.service" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      script = ''
        until ${pkgs.curl}/bin/curl --silent --output /dev/null http://localhost:5000/; do sleep 0.2; done
      ''
      + lib.concatMapStrings (image: ''
        ${pkgs.skopeo}/bin/skopeo --insecure-policy copy --dest-tls-verify=false \
          --dest-creds "hearth:$(cat ${password})" \
          docker-archive:${image} docker://${image.imageName}:${image.imageTag}
      '') images;
    };
  };
}
