# refused: hearth.apps.my app: a name is made of lower-case letters, digits and `-`. Rename the app.
{ hearth.apps."my app".recipe = ./.; }
