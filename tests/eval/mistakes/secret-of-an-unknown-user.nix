# refused: hearth.secrets.entries.hello_token.owner: there is no user `hello` on this host. Declare users.users.hello, or correct the name.
{ hearth.secrets.entries.hello_token.owner = "hello"; }
