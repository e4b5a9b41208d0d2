# Whether an app runs: the value of `hearth.apps.NAME.state`.
{ lib }:
lib.mkOption {
  type = lib.types.enum [
    "running"
    "stopped"
  ];
  default = "running";
  description = ''
    Whether the app runs. `stopped`: nothing of it runs, its volumes, snapshots and records are kept, and that is no fault
    that anybody is told of. The first scheduled snapshot afterwards is taken, later ones have nothing new to copy; restore
    drills go on; a pipeline that deploys it hears that it is stopped. Back at `running`, the same version comes up and is
    held to its gate.
  '';
}
