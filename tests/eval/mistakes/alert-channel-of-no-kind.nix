# refused: hearth.alerts.channels.x
{ hearth.alerts.channels.x.pager.number = 1; }
