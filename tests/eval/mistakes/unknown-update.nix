# refused: is not of type `one of "rolling", "stop-first", "blue-green", "handover"'
{ hearth.apps.hello.update = "canary"; }
