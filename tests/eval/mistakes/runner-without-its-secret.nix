# refused: hearth.runner.tokenSecret names `runner_token`, which is not declared. Add hearth.secrets.entries.runner_token, or correct the name.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "runner_token";
    acceptForks = true;
  };
}
