# The example host as a VM: what surrounds a host in the world is beside it here, a registry with a login, names, and its key.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  images = import ./images { inherit lib pkgs; };
  # What scenarios call by name: of Debian's packages on the bed, these are the ones of nixpkgs.
  programs = lib.filter (name: name != null) (
    lib.attrValues (lib.importJSON ../../tests/scenarios/_programs.json)
  );
  password = config.hearth.secrets.entries.registry_password.path;
  logins = "/run/registry/htpasswd";
in
{
  imports = [
    ../hosts/example.nix
    ./files.nix
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

  environment.systemPackages = [
    config.hearth.package
  ]
  ++ map (name: pkgs.${name}) programs;

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
