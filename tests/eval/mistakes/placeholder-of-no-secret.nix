# refused: attribute 'mail_password' missing
{ config, ... }:
{
  hearth.secrets.templates.mail.content = config.hearth.secrets.placeholder.mail_password;
}
