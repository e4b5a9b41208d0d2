# refused: hearth.swarm.networks."my net": a network's name is made of letters, digits, `_`, `.` and `-`, the first a letter or digit. Rename it.
{ hearth.swarm.networks."my net" = { }; }
