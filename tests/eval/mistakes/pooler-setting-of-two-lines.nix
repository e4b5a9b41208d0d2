# refused: hearth.postgres.pooler.settings.query_wait_timeout
{
  hearth.postgres = {
    enable = true;
    superuserPasswordSecret = "registry_password";
    poolerPasswordSecret = "hello_token";
    pooler.settings.query_wait_timeout = "30\nauth_type = trust";
  };
}
