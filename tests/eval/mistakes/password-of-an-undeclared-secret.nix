# refused: hearth.apps.hello.middlewares.basicAuth.alice names `alice_hash`, which is not declared. Add hearth.secrets.entries.alice_hash, or correct the name.
{ hearth.apps.hello.middlewares.basicAuth.alice = "alice_hash"; }
