# refused: is not of type `systemd time span such as 5min, 1 hour or 2h 30min, longer than zero'
{ hearth.drift.interval = "often"; }
