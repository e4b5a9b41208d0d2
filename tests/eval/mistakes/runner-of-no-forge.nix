# refused: hearth.runner: it is not said where the Gitea or Forgejo is. Set hearth.runner.url.
{
  hearth.runner = {
    enable = true;
    tokenSecret = "hello_token";
    acceptForks = true;
  };
}
