# Every way in which running tasks are replaced.
{
  hearth.apps = {
    hello = {
      update = "blue-green";
      keepFailedHours = 48;
    };
    hello-test = {
      update = "stop-first";
      drainSeconds = 5;
    };
    miniflux.update = "rolling";
  };
}
