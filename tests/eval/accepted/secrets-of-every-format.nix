# Formats without nesting, a whole file, and a secret that is there before users are.
{ config, ... }:
{
  hearth.secrets.entries = {
    ini = {
      format = "ini";
      key = "section/key";
    };
    environment = {
      format = "dotenv";
      key = "";
    };
    root_password = {
      key = "hello_token";
      neededForUsers = true;
    };
  };
  environment.etc."where".text = config.hearth.secrets.entries.root_password.path;
}
