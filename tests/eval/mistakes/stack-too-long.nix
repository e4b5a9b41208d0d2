# refused: is not of type `string matching the pattern [a-z0-9][a-z0-9_-]{0,49}'
{ hearth.apps.hello.stack = "an-app-with-such-a-long-name-for-a-stack-that-no-service-fits"; }
