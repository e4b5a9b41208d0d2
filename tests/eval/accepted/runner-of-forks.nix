# Whoever says so has it: a runner that is open to pull requests, with labels and limits of its own.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    acceptForks = true;
    labels = [
      "deploy"
      "native:host"
    ];
    capacity = 3;
    timeoutMinutes = 15;
    memoryMax = "2G";
  };
}
