# refused: sops.templates."app.env".file: write content = builtins.readFile ./FILE instead.
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.templates."app.env".file = ./sops-names-template-from-a-file.nix;
}
