# refused: hearth.secrets: the secrets `shop/db--password` and `shop/db/password` would have the same unit hearth-secret-shop--db--password.service. Rename one of them; `key` still names its place in the sops file.
{
  hearth.secrets.entries."shop/db/password".key = "hello_token";
  hearth.secrets.entries."shop/db--password".key = "hello_token";
}
