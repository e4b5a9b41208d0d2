# refused: hearth.alerts.channels.x.webhook: set `url`, or `urlFile` where the address is a secret, and not both.
{ hearth.alerts.channels.x.webhook = { }; }
