# refused: hearth.runner: it is not known who can start jobs here. Name the workflow files that run here in hearth.runner.workflows
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
  };
}
