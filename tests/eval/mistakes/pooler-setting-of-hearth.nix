# refused: hearth.postgres.pooler.settings.auth_type: Hearth sets this itself, and needs it as it is. Take it away.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    pooler.settings.auth_type = "trust";
  };
}
