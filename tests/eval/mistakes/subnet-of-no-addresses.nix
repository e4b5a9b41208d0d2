# refused: IPv4 network such as 10.20.0.0/16
{ hearth.swarm.networks.front.subnet = "10.20.300.0/24"; }
