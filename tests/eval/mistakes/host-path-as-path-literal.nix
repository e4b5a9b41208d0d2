# refused: is not of type `absolute path on the host, written as a string'
{ hearth.apps.hello.allow.hostPaths = [ ./. ]; }
