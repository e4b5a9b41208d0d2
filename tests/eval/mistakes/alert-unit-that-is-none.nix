# refused: hearth.alerts.units.ngnix: no module declares a service of this name, so that nothing would ever be told of it. Correct the name; for a service that a package brings, declare systemd.services.ngnix.overrideStrategy = "asDropin".
{ hearth.alerts.units.ngnix.object = "web server"; }
