# refused: The option `hearth.secrets.placeholder' is read-only, but it's set multiple times
{ hearth.secrets.placeholder.hello_token = "x"; }
