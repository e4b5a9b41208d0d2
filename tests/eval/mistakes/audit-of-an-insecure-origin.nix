# refused: hearth.apps.hello.gate.audit.origins
{ hearth.apps.hello.gate.audit.origins = [ "http://static.example.org" ]; }
