# refused: hearth.postgres.settings.max_connections: Hearth sets this itself. Set hearth.postgres.maxConnections instead.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings.max_connections = 200;
  };
}
