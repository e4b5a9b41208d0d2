# Every way in which a recipe can be had from a repository.
{ config, ... }:
{
  hearth.secrets.entries.forge_token.key = "hello_token";
  hearth.secrets.entries.deploy_key.key = "hello_token";
  hearth.secrets.templates.forge.content = ''
    username=hearth
    password=${config.hearth.secrets.placeholder.forge_token}
  '';
  hearth.apps = {
    public.recipe = {
      git.url = "https://git.example.org/recipes/public.git";
      git.signers = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGEbRAqvJyCYa5lJVL9cLpwuzPHIZZN5M7ZXmBsDR0s maker@example.org"
      ];
      policy = "latest";
    };
    private.recipe = {
      git.url = "https://git.example.org:8443/recipes/private";
      git.credentialsFile = config.hearth.secrets.templates.forge.path;
      git.caFile = ../../../secrets/example/ca.crt;
      version = "10.7.1+26.6.2";
    };
    shell.recipe = {
      git.url = "git@git.example.org:recipes/shell.git";
      git.sshKeyFile = config.hearth.secrets.entries.deploy_key.path;
      version = "v1.0.2";
      policy = "minor";
    };
    local.recipe = {
      git.url = "/srv/recipes/local";
      version = "0123456789012345678901234567890123456789";
    };
  };
}
