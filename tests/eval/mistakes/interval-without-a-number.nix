# refused: systemd time span such as 5min, 1 hour or 2h 30min
{ hearth.drift.interval = "hour"; }
