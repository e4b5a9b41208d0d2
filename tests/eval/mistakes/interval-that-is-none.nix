# refused: is not of type `systemd time span such as 5min or 30s'
{ hearth.drift.interval = "often"; }
