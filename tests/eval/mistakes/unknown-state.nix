# refused: one of "running", "stopped"
{ hearth.apps.hello.state = "paused"; }
