# refused: is not of type `attribute-tagged union with choices: command, email, gotify, matrix, ntfy, webhook
{
  hearth.alerts.channels.x = {
    ntfy.topic = "a";
    command = [ "/bin/true" ];
  };
}
