# refused: hearth.secrets.templates.mail.group: there is no group `mailers` on this host. Declare users.groups.mailers, or correct the name.
{
  hearth.secrets.templates.mail = {
    content = "";
    group = "mailers";
  };
}
