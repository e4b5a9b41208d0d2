# A runner that may deploy, and whose workflows nobody can set off from outside.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [
      ../../../docs/examples/gitea-runner.yml
      ../workflow-of-a-push.yml
    ];
  };
  hearth.apps.hello.deploy.users = [ "gitea-runner" ];
}
