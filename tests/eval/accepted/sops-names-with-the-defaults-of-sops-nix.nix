# What a host of sops-nix leaves unsaid means the same here.
{ config, lib, ... }:
let
  inherit (config.hearth.secrets) age entries templates;
in
{
  imports = [ ../../../nix/modules/sops-names.nix ];
  hearth.secrets.age.keyFile = lib.mkForce null;
  users.users.mail = {
    isSystemUser = true;
    group = "post";
  };
  users.groups.post = { };
  services.openssh = {
    enable = true;
    hostKeys = [
      {
        type = "rsa";
        path = "/etc/ssh/ssh_host_rsa_key";
      }
      {
        type = "ed25519";
        path = "/etc/ssh/ssh_host_ed25519_key";
      }
      {
        type = "ed25519";
        path = config.sops.secrets.host_key.path;
      }
    ];
  };
  sops = {
    defaultSopsKey = "hello_token";
    validateSopsFiles = false;
    age.generateKey = false;
    age.plugins = [ ];
    gnupg.sshKeyPaths = [ ];
    secrets = {
      host_key = { };
      mail_password.owner = "mail";
      by_number = {
        name = "by_number";
        uid = 1001;
        gid = 1002;
      };
    };
    templates."mail.env" = {
      owner = "mail";
      content = "PASSWORD=${config.sops.placeholder.mail_password}";
    };
  };
  systemd.services.mail.restartTriggers = [ config.sops.secrets.mail_password.sopsFileHash ];

  assertions =
    let
      is = what: is: should: {
        assertion = is == should;
        message = "${what} is ${builtins.toJSON is}, not ${builtins.toJSON should}";
      };
    in
    [
      (is "the identity" age.sshKeyFiles [ "/etc/ssh/ssh_host_ed25519_key" ])
      (is "the group of a secret" entries.mail_password.group "post")
      (is "the group of a template" templates."mail.env".group "post")
      (is "the key" entries.mail_password.key "hello_token")
      (is "the owner by number" entries.by_number.owner "1001")
      (is "the group by number" entries.by_number.group "1002")
      (is "the owner of others" entries.host_key.owner "root")
      (is "the hash's length" (lib.stringLength config.sops.secrets.mail_password.sopsFileHash) 64)
    ];
}
