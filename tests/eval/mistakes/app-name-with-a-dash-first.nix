# refused: hearth.apps.-shop: a name is made of lower-case letters, digits and `-`. Rename the app.
{ hearth.apps."-shop".recipe = ./.; }
