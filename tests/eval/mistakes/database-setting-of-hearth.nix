# refused: hearth.postgres.settings.password_encryption: Hearth sets this itself, and needs it as it is. Take it away.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings.password_encryption = "md5";
  };
}
