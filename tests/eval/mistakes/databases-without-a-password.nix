# refused: hearth.postgres.superuserPasswordSecret is not set. Name the entry of hearth.secrets.entries with this password.
{
  hearth.postgres = {
    enable = true;
    poolerPasswordSecret = "hello_token";
  };
}
