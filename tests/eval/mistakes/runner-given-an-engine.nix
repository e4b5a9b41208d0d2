# refused: hearth.runner: gitea-runner-hearth.service is given DOCKER_HOST, and jobs with it an engine.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [ ../../../docs/examples/gitea-actions.yml ];
  };
  systemd.services.gitea-runner-hearth.environment.DOCKER_HOST = "unix:///run/docker.sock";
}
