# refused: hearth.databases.superuserPasswordSecret is not set. Name the entry of hearth.secrets.entries with this password.
{
  hearth.databases = {
    enable = true;
    poolerPasswordSecret = "hello_token";
  };
}
