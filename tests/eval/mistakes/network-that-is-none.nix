# refused: is not of type `null or IPv4 network such as 10.20.0.0/16'
{ hearth.swarm.networks.backend.subnet = "10.20.0.0"; }
