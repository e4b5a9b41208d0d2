# refused: hearth.apps.bücher: a name is made of lower-case letters, digits and `-`. Rename the app.
{ hearth.apps."bücher".recipe = ./.; }
