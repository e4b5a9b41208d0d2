# refused: hearth.apps.hello.allow.hostPaths: `/` would give the app the whole host. Name the folders that it needs.
{ hearth.apps.hello.allow.hostPaths = [ "/" ]; }
