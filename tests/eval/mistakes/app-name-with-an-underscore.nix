# refused: hearth.apps.my_app: a name is made of lower-case letters, digits and `-`. Rename the app.
{ hearth.apps.my_app.recipe = ./.; }
