# refused: hearth.pruning: it is not said how much of the disk is to be free. Set hearth.pruning.freePercent or hearth.pruning.freeBytes.
{
  hearth.pruning = {
    enable = true;
    freePercent = null;
  };
}
