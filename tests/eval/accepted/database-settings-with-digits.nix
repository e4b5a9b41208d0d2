# Names with digits, and values with the signs that lists of ciphers have.
{ config, lib, ... }:
let
  folder = config.hearth.apps.databases.recipe.folder;
in
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings = {
      ssl_tls13_ciphers = "TLS_AES_256_GCM_SHA384";
      "plv8.start_proc" = "plv8_init";
    };
    pooler.settings = {
      server_tls13_ciphers = "TLS_AES_256_GCM_SHA384";
      server_tls_ciphers = "HIGH:!aNULL:@STRENGTH";
    };
  };
  assertions = [
    {
      assertion = lib.hasInfix "\nserver_tls_ciphers=HIGH:!aNULL:@STRENGTH\n" (lib.last folder.texts);
      message = "the pooler's settings have not what is declared: ${lib.last folder.texts}";
    }
  ];
}
