# refused: users.users.hearth-deploy is declared elsewhere too
{
  users.users.hearth-deploy = _: { isNormalUser = true; };
}
