# What can be said about the deploys of one app: the type of `hearth.apps.NAME.deploy`.
{ lib, hearth }:
let
  inherit (hearth.types)
    cosignPublicKey
    deployWord
    imageName
    sshKeyOfPipeline
    ;
in
{
  options = {
    app = lib.mkOption {
      type = deployWord;
      example = "shop";
      description = "What a pipeline calls the app. Its environments have this in common, and nothing else.";
    };
    environment = lib.mkOption {
      type = deployWord;
      example = "prod";
      description = "What a pipeline calls this environment of it.";
    };
    image = lib.mkOption {
      type = imageName;
      example = "registry.example.org/shop";
      description = "The image that is deployed, without tag and digest. A pipeline chooses among its tags, and no other image.";
    };
    variable = lib.mkOption {
      type = lib.types.strMatching "[A-Za-z_][A-Za-z0-9_]*";
      default = "IMAGE";
      description = ''
        The variable of the recipe that holds the whole image. What was deployed stands there by its digest, in place of what
        `environment` declares, until the next deploy.
      '';
    };
    labels = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example."org.example.stage" = "runtime";
      description = ''
        Labels that the image must have, with exactly these values, or it is refused before anything is touched: that it is the
        right stage of a build, for example, and not the one with the compilers.
      '';
    };
    cosignKeys = lib.mkOption {
      type = lib.types.listOf cosignPublicKey;
      default = [ ];
      example = lib.literalExpression "[ ./cosign.pub ]";
      description = ''
        Public keys of cosign, as PEM or as files: where there are any, an image is deployed only if its digest carries a
        signature by one of them, by a tag and by a digest alike. What is unsigned, signed by another key, or cannot be asked
        for at the registry is refused before anything is touched. ECDSA on P-256, which `cosign generate-key-pair` makes, and
        Ed25519. With it the door reaches the network, to ask the registry.
      '';
    };
    keys = lib.mkOption {
      type = lib.types.attrsOf sshKeyOfPipeline;
      default = { };
      example.ci = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… ci@git.example.org";
      description = ''
        Public SSH keys that may deploy this environment, by a name of your choice. Such a key can do nothing else on the host. A
        name stands for the same key wherever it is used. With limits it is
        `{ key = "ssh-ed25519 AAAA…"; from = [ "203.0.113.0/24" ]; expires = "20270131"; }`.
      '';
    };
    users = lib.mkOption {
      type = lib.types.listOf (lib.types.strMatching "[a-z_][a-z0-9_-]*");
      default = [ ];
      example = [ "gitea-runner" ];
      description = "Users of this host that may deploy this environment, such as the one that a CI runner runs as. They need no key, no root and no Docker socket.";
    };
  };
}
