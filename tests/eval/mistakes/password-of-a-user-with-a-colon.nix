# refused: hearth.apps.hello.middlewares.basicAuth: `a:b` is no user's name: letters, digits, `.`, `_`, `@` and `-`. Rename it.
{ hearth.apps.hello.middlewares.basicAuth."a:b" = "hello_token"; }
