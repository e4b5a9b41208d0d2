# warned: Names of sops-nix are used, in brackets those of Hearth: sops.age.sshKeyPaths (hearth.secrets.age.sshKeyFiles), sops.secrets (hearth.secrets.entries), sops.templates (hearth.secrets.templates).
{ config, ... }:
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  sops.secrets.renamed = {
    key = "hello_token";
    mode = "0440";
    restartUnits = [ "nginx.service" ];
  };
  sops.templates."app.env".content = "TOKEN=${config.sops.placeholder.renamed}";
}
