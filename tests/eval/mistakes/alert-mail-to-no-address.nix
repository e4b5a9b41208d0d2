# refused: e-mail address such as admin@example.org
{
  hearth.alerts.channels.x.email = {
    from = "hearth@example.org";
    to = [ "admin" ];
  };
}
