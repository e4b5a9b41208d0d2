# refused: address and port such as 0.0.0.0:2377
{ hearth.swarm.listenAddress = "0.0.0.0:70000"; }
