# refused: hearth.secrets.templates.mail holds the placeholder of `password`, which is rendered before there are users, and templates after. Declare a second entry of the same `key` without neededForUsers, and use that one.
{ config, ... }:
{
  hearth.secrets = {
    entries.password = {
      key = "hello_token";
      neededForUsers = true;
    };
    templates.mail.content = "PASSWORD=${config.hearth.secrets.placeholder.password}";
  };
}
