# refused: systemd time span such as 5min, 1 hour or 2h 30min, longer than zero
{ hearth.drift.interval = "0 min 0s"; }
