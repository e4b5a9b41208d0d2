# refused: is not of type `null or domain name in lower case, such as app.example.org'
{ hearth.apps.hello.domain = "Hello.Example.org"; }
