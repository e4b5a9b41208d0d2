# refused: hearth.apps.hello.snapshot.schedule: with snapshot.mode = "none" no snapshot is taken. Set another mode, or take the schedule away.
{ hearth.apps.hello.snapshot.mode = "none"; }
