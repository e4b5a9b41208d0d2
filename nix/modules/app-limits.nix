# The most that a container of an app may take of its host: the value of `hearth.apps.NAME.limits`.
{ lib }:
{
  processes = lib.mkOption {
    type = lib.types.ints.between 1 4194304;
    default = 4096;
    example = 16384;
    description = ''
      How many processes and threads each container may have. A lower number in the recipe counts. Without a limit one app
      that forks without end stops every other.
    '';
  };
  memoryPercent = lib.mkOption {
    type = lib.types.ints.between 1 100;
    default = 75;
    example = 20;
    description = ''
      How much of the host's memory each container may take, in percent. A lower limit in the recipe
      (`deploy.resources.limits.memory`) counts. A container that wants more is ended by the kernel; without a limit it could
      be any other program of the host in its place.
    '';
  };
}
