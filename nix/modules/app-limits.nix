# The most that a container of an app may take of its machine: the value of `hearth.apps.NAME.limits`.
{ lib }:
{
  memory = lib.mkOption {
    type = lib.types.nullOr (lib.types.strMatching "([6-9]|[1-9][0-9]{1,5})M|[1-9][0-9]{0,3}[GT]");
    default = null;
    example = "2G";
    description = ''
      How much memory each container of the app may take: a number with M, G or T, by 1024, and no less than the engine takes (6M). Without it, 80 % of the
      machine's: an app that runs today goes on, and one that takes all is ended before the host's own services are. A recipe
      can set less, and not more. A changed limit is a deploy of the app.
    '';
  };
  pids = lib.mkOption {
    type = lib.types.nullOr (lib.types.ints.between 1 4194304);
    default = 4096;
    description = ''
      How many processes and threads each container of the app may have. Without a limit (`null`) an app that starts ever more
      leaves none to the host, and nobody can log in. A recipe can set less, and not more. A changed limit is a deploy of the
      app.
    '';
  };
}
