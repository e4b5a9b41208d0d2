# The example host: what README shows, what the tests' hosts are made of. Everything a host of your own needs is here;
# put your domains, your sops file and your certificate in place of these.
{ config, ... }:
let
  # Who signed the example's certificate. With one of a public CA nothing need be said.
  caFile = ../../secrets/example/ca.crt;
in
{
  imports = [ ./machine.nix ];

  hearth = {
    enable = true;
    proxy.enable = true;

    swarm = {
      advertiseAddress = "127.0.0.1";
      registries."localhost:5000" = {
        username = "hearth";
        passwordSecret = "registry_password";
      };
    };

    secrets = {
      defaultFile = ../../secrets/example.yaml;
      age.keyFile = "/var/lib/hearth/age.key";
      entries = {
        hello_token = { };
        miniflux_admin_password = { };
        miniflux_db_password = { };
        registry_password = { };
        tls_key = { };
      };
    };

    certificates.example = {
      certificateFile = ../../secrets/example/example.org.crt;
      keyFile = config.hearth.secrets.entries.tls_key.path;
      domains = [ "*.example.org" ];
    };

    # Whatever takes JSON: put your own here, or ntfy, Gotify, Matrix, mail, a program.
    alerts.channels.sink.webhook.url = "http://127.0.0.1:9911/alerts";

    apps = {
      hello = {
        domain = "hello.example.org";
        recipe = ../../tests/recipes/hello;
        gate.probe = { inherit caFile; };
        secrets.token = "hello_token";
        snapshot.schedule = "*-*-* 03:30";
      };

      miniflux = {
        domain = "feeds.example.org";
        recipe = ../../tests/recipes/miniflux;
        gate.probe = {
          inherit caFile;
          path = "/healthcheck";
        };
        secrets = {
          admin_password = "miniflux_admin_password";
          db_password = "miniflux_db_password";
        };
      };
    };
  };
}
