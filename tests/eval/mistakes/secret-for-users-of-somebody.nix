# refused: hearth.secrets.entries.password: with neededForUsers it is rendered before there are users, so that it belongs to root. Take `owner` and `group` away.
{
  users.groups.staff = { };
  hearth.secrets.entries.password = {
    key = "hello_token";
    neededForUsers = true;
    group = "staff";
  };
}
