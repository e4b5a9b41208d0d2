# refused: sops.secrets.token.name: a file has the name of its entry. Call the entry `hello_token`, with key = "token".
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.secrets.token.name = "hello_token";
}
