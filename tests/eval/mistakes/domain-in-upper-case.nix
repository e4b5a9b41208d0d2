# refused: is not of type `null or domain name in lower case, such as app.example.org, of at most 253 characters'
{ hearth.apps.hello.domain = "Hello.Example.org"; }
