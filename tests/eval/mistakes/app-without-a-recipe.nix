# refused: hearth.apps.shop.recipe: a recipe is either a folder or in git. Set hearth.apps.shop.recipe = ./folder, or
{ hearth.apps.shop.domain = "shop.example.org"; }
