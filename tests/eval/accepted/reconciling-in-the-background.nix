# The switch does not wait: the target pulls its units in, and is not ordered after them.
{ config, lib, ... }:
let
  target = config.systemd.targets.hearth;
in
{
  hearth.reconcileInBackground = true;
  assertions = [
    {
      # systemd orders a target after what it wants, unless it is told not to.
      assertion = target.unitConfig.DefaultDependencies or true == false;
      message = "the target waits for all that it wants";
    }
    {
      assertion = lib.elem "shutdown.target" target.before && lib.elem "shutdown.target" target.conflicts;
      message = "a shutdown leaves it";
    }
  ];
}
