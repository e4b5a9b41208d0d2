# Where an app's recipe comes from: a folder, or a version in a git repository.
{ lib, hearth }:
let
  file = lib.types.nullOr hearth.types.outsideStore;
in
{
  options = {
    folder = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = lib.literalExpression "./recipes/miniflux";
      description = "Folder with the app's compose files, `.env.sample` and `abra.sh`. It is part of the system, and changes with it.";
    };
    git = {
      url = lib.mkOption {
        type = lib.types.nullOr hearth.types.gitUrl;
        default = null;
        example = "https://git.coopcloud.tech/coop-cloud/miniflux.git";
        description = ''
          Repository of the recipe, whose tags are its versions. A path on this host must belong to root, or git refuses it.
        '';
      };
      credentialsFile = lib.mkOption {
        type = file;
        default = null;
        example = lib.literalExpression "config.hearth.secrets.templates.forge.path";
        description = "File with a line `username=…` and a line `password=…` (or a token), for a repository at https:// that is not public.";
      };
      sshKeyFile = lib.mkOption {
        type = file;
        default = null;
        example = lib.literalExpression "config.hearth.secrets.entries.deploy_key.path";
        description = "Private key for a repository that is reached through ssh. Its host must be in `programs.ssh.knownHosts` or in `knownHostsFile`.";
      };
      knownHostsFile = lib.mkOption {
        type = lib.types.nullOr lib.types.path;
        default = null;
        description = "Host keys to trust instead of the system's, in the format of ssh's known_hosts.";
      };
      caFile = lib.mkOption {
        type = lib.types.nullOr lib.types.path;
        default = null;
        description = "Certificates in PEM to trust instead of the system's, for a repository with a CA of your own.";
      };
      signers = lib.mkOption {
        type = lib.types.listOf hearth.types.sshPublicKey;
        default = [ ];
        example = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… maker@example.org" ];
        description = ''
          Public SSH keys of the recipe's makers. With any, the app moves by itself only to versions whose tag one of them has
          signed (`git tag --sign` with `gpg.format = ssh`); others wait for a person, who sees why. Whoever takes over the
          repository, but none of these keys, gets nothing deployed.
        '';
      };
      fetchSeconds = lib.mkOption {
        type = hearth.types.seconds;
        default = 120;
        description = "How long a fetch may take. One that takes longer, or fails, is a warning: the app goes on with what was fetched before.";
      };
    };
    interval = lib.mkOption {
      type = hearth.types.duration;
      default = "1h";
      description = "How often the repository is asked for newer versions, where the policy lets the app move to them.";
    };
    version = lib.mkOption {
      type = lib.types.nullOr hearth.types.recipeVersion;
      default = null;
      example = "10.7.1+26.6.2";
      description = ''
        Version (a tag of the repository) that the app has, or with another policy than `pinned` begins with; or the whole id of a
        commit. To name a newer major version here is to accept it; its release notes are held for you all the same.
      '';
    };
    policy = lib.mkOption {
      type = lib.types.enum [
        "pinned"
        "patch"
        "minor"
        "latest"
      ];
      default = "pinned";
      description = ''
        Which newer versions the app moves to by itself. `pinned`: none. `patch`: from 1.2.3 to 1.2.9. `minor`: also to 1.9.0.
        `latest`: all, and majors are shown. A major version (below 1.0.0 also a minor one), and one with release notes, always
        waits until it is accepted by name.
      '';
    };
  };
}
