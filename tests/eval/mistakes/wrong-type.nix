# refused: is not of type `boolean'
{ hearth.proxy.enable = "yes"; }
