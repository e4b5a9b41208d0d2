# refused: hearth.apps.hello.middlewares: `X Frame` is no name of a header. Write one such as X-Frame-Options.
{ hearth.apps.hello.middlewares.responseHeaders."X Frame" = "DENY"; }
