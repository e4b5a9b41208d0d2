# refused: is not of type `one of "rolling", "handover"'
{ hearth.apps.hello.update = "blue-green"; }
