# refused: The option `hearth.certificate' does not exist
{ hearth.certificate = { }; }
