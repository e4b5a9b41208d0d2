# refused: one of "stop", "keep"
{ hearth.undeclared = "remove"; }
