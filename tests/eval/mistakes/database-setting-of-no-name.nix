# refused: hearth.postgres.settings.shared buffers: a setting's name is made of a-z, 0-9 and `_`, that of an extension with a `.` between. Correct it.
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    settings."shared buffers" = "1GB";
  };
}
