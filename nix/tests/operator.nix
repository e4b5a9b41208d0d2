# A user whose password is a secret, for a host of the tests: it must be rendered before the user is made.
{ config, ... }:
{
  hearth.secrets.entries.operator_password.neededForUsers = true;

  services.userborn.enable = true;
  users.users.operator = {
    isNormalUser = true;
    hashedPasswordFile = config.hearth.secrets.entries.operator_password.path;
  };
}
