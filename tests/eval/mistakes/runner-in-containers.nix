# refused: hearth.runner.labels: jobs of `ubuntu-latest:docker://node:22` would run in containers, with the Docker socket, which is root on this host by another name. Write `ubuntu-latest`, and let a runner on another machine have such jobs.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [ ../../../docs/examples/gitea-actions.yml ];
    labels = [ "ubuntu-latest:docker://node:22" ];
  };
}
