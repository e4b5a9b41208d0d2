# refused: hearth.apps.hello.deploy.variable: DOMAIN is Hearth's. Name the variable that holds the image.
{ hearth.apps.hello.deploy.variable = "DOMAIN"; }
