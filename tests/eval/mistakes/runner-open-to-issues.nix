# refused: hearth.runner.workflows: workflow-of-issues.yml is set off by issues, so that people who cannot write to the repository run code on this host. Take the trigger out, let a runner on another machine have such jobs, or accept it with hearth.runner.acceptForks = true.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [
      ../../../docs/examples/gitea-actions.yml
      ../workflow-of-issues.yml
    ];
  };
}
