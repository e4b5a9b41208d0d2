# refused: The option `hearth.apps.shop.recipe' was accessed but has no value defined
{ hearth.apps.shop.domain = "shop.example.org"; }
