# refused: is not of type `absolute path on the host, written as a string, without `.`, `..` or `//` in it'
{ hearth.apps.hello.allow.hostPaths = [ ./. ]; }
