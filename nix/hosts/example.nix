# The example host: what README shows, what the tests' hosts are made of. Everything a host of your own needs is here;
# put your domains, your sops file and your certificate in place of these.
{ config, ... }:
let
  # Who signed the example's certificate. With one of a public CA nothing need be said.
  caFile = ../../secrets/example/ca.crt;

  # Of pipelines. Nobody has the private halves of these.
  keys = {
    ci = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP57zDsARlVwN2bf6SYJQNL1/+E+oXyG5cvB/OWAQvBN ci@example.org";
    branches = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTXVmD0FQqoIkeWIfy3SUMbb51586leTY5YZ6QrKjRs branches@example.org";
  };
in
{
  imports = [ ./machine.nix ];

  # For the pipelines' keys.
  services.openssh.enable = true;
  # The user that a CI runner on this host would run as.
  users.users.runner = {
    isSystemUser = true;
    group = "runner";
  };
  users.groups.runner = { };

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

    # Images that nothing needs go when the disk fills.
    pruning.enable = true;

    # Whatever takes JSON: put your own here, or ntfy, Gotify, Matrix, mail, a program.
    alerts.channels.sink.webhook.url = "http://127.0.0.1:9911/alerts";

    apps = {
      hello = {
        domain = "hello.example.org";
        recipe = ../../tests/recipes/hello;
        gate.probe = { inherit caFile; };
        secrets.token = "hello_token";
        snapshot.schedule = "*-*-* 03:30";
        # What a pipeline may do: `ssh hearth-deploy@host hello prod 1.1.0`, with the key `ci`.
        deploy = {
          app = "hello";
          environment = "prod";
          image = "localhost:5000/hello";
          keys = { inherit (keys) ci; };
          users = [ "runner" ];
        };
      };

      # Another environment of it is an app of its own.
      hello-test = {
        domain = "hello-test.example.org";
        recipe = ../../tests/recipes/hello;
        gate.probe = { inherit caFile; };
        secrets.token = "hello_token";
        deploy = {
          app = "hello";
          environment = "test";
          image = "localhost:5000/hello";
          inherit keys;
        };
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
        # Once a week it is proved that this database can be brought back, with somebody in it.
        snapshot.drill = {
          schedule = "Sun *-*-* 05:00";
          probe = {
            service = "db";
            command = [
              "sh"
              "-c"
              "psql --username=miniflux --tuples-only --command='SELECT count(*) > 0 FROM users' miniflux | grep t"
            ];
          };
        };
      };
    };
  };
}
