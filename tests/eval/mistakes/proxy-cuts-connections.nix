# refused: hearth.proxy.keepAliveMaxSeconds (50) is longer than drainSeconds (20)
{ hearth.proxy.drainSeconds = 20; }
