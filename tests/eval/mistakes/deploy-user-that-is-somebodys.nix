# refused: hearth.deploy.user: users.users.deploy is declared elsewhere too, and whoever uses it could no longer log in: its keys would be the pipelines' alone. Set hearth.deploy.user to a name that is free.
{
  hearth.deploy.user = "deploy";
  users.users.deploy.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA admin" ];
}
