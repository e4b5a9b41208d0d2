# refused: hearth.pruning.freePercent' is not of type `null or integer between 1 and 99
{
  hearth.pruning.freePercent = 100;
}
