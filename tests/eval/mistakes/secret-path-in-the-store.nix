# refused: absolute path outside the Nix store, written as a string
{ hearth.secrets.entries.hello_token.path = "/nix/store/ffffffffffffffffffffffffffffffff-token"; }
