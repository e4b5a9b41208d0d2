# refused: hearth.alerts.channels.x.matrix.room
{
  hearth.alerts.channels.x.matrix = {
    server = "https://matrix.example.org";
    room = "#ops:example.org";
    tokenFile = "/run/token";
  };
}
