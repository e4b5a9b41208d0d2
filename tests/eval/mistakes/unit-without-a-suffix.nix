# refused: name of a systemd unit with its suffix, such as nginx.service
{ hearth.secrets.entries.hello_token.restartUnits = [ "nginx" ]; }
