# refused: hearth.postgres.settings.shared buffers: a setting's name is made of a-z and `_`. Correct it.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings."shared buffers" = "1GB";
  };
}
