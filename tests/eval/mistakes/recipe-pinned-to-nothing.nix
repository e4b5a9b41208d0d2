# refused: hearth.apps.shop.recipe: pinned to no version.
{ hearth.apps.shop.recipe.git.url = "https://git.example.org/shop"; }
