# refused: hearth.secrets.entries.hello_token.owner: there is no user `web` on this host; users.users.web has the name `www-data`. Write that.
{
  users.users.web = {
    name = "www-data";
    isSystemUser = true;
    group = "www-data";
  };
  users.groups.www-data = { };
  hearth.secrets.entries.hello_token.owner = "web";
}
