# refused: hearth.apps.Shop: a name is made of lower-case letters, digits and `-`. Rename the app.
{ hearth.apps.Shop.recipe = ./.; }
