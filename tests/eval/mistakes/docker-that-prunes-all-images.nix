# refused: virtualisation.docker.autoPrune.flags has `--all`, which removes images that a rollback needs. Take it away, and set hearth.pruning.enable = true.
{
  virtualisation.docker.autoPrune = {
    enable = true;
    flags = [ "--all" ];
  };
}
