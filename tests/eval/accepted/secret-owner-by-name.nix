# A user and a group whose attribute has another name than they have: the file system knows the name.
{
  users.users.web = {
    name = "www-data";
    isSystemUser = true;
    group = "www-data";
  };
  users.groups.web.name = "www-data";
  hearth.secrets.entries.hello_token = {
    owner = "www-data";
    group = "www-data";
  };
}
