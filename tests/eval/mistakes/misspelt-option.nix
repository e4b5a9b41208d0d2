# refused: The option `hearth.apps.hello.doman' does not exist
{ hearth.apps.hello.doman = "hello.example.org"; }
