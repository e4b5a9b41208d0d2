# refused: hearth.alerts.units.nginx.service: write the name of one service without `.service`, and of no template.
{ hearth.alerts.units."nginx.service".object = "nginx"; }
