# refused: is not of type `string matching the pattern [^[:cntrl:]]*
{ hearth.apps.hello.middlewares.responseHeaders.X-Frame = "a\nb"; }
