# refused: services.gitea-actions-runner.instances.ci has jobs in containers, with the Docker socket, and runs as the same user as hearth.runner. Give it labels that end with `:host`, or move it to another machine.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [ ../../../docs/examples/gitea-actions.yml ];
  };
  services.gitea-actions-runner.instances.ci = {
    enable = true;
    name = "ci";
    url = "https://git.example.org";
    token = "x";
    labels = [ "debian:docker://debian:13" ];
  };
}
