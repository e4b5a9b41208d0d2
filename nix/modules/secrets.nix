# Values from sops files, decrypted into files that never reach a disk. The options have the shape of sops-nix's.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.secrets;
  hearth = import ../lib { inherit config lib pkgs; };
  inherit (hearth) paths;
  inherit (import ./secret-options.nix { inherit lib hearth cfg; }) entry template;

  rendered = lib.attrValues cfg.entries ++ lib.attrValues cfg.templates;
  identities = lib.optional (cfg.age.keyFile != null) cfg.age.keyFile ++ cfg.age.sshKeyFiles;
  isElsewhere =
    file:
    !lib.hasPrefix "${paths.secrets}/" file.path
    && !lib.hasPrefix "${paths.secretsForUsers}/" file.path;
  linkFolders = lib.unique (map (file: dirOf file.path) (lib.filter isElsewhere rendered));
  fileOf = name: file: {
    inherit name;
    unit = "${unitOf name}.service";
    inherit (file)
      owner
      group
      mode
      path
      restartUnits
      reloadUnits
      ;
  };

  # Of a secret or template, as it lies among the rendered files.
  unitOf = name: "hearth-secret-${lib.replaceStrings [ "/" ] [ "--" ] name}";
  # It fails for as long as the last run could not render the file, and says why.
  statusUnit =
    manifestPath: name:
    lib.nameValuePair (unitOf name) {
      description = "The secret ${name} is rendered";
      # Asked for together with what renders it, it looks at what came of that.
      after = [
        "hearth-secrets.service"
        "hearth-secrets-for-users.service"
      ];
      # What is rendered before there are users is rendered before systemd can be told: it looks when all else does.
      wantedBy = lib.optional (manifestPath == usersManifestPath) "hearth.target";
      serviceConfig = hearth.unit.hardening // {
        Type = "oneshot";
        ExecStart = "${config.hearth.package}/bin/render-secrets --status ${name} ${manifestPath}";
      };
    };

  manifestPath = "${paths.manifests}/secrets.json";
  usersManifestPath = "${paths.manifests}/secrets-for-users.json";

  early = lib.filterAttrs (_: secret: secret.neededForUsers) cfg.entries;
  late = lib.filterAttrs (_: secret: !secret.neededForUsers) cfg.entries;

  # The manifest of what is rendered at one moment: before users are made, or after.
  manifestOf =
    {
      name,
      link,
      generations,
      entries,
      templates ? { },
    }:
    hearth.manifest {
      inherit name;
      helper = "render-secrets";
      content = {
        stateFolder = "${paths.state}/${name}";
        inherit link generations;
        keepGenerations = 1;
        systemctlCommand = "${config.systemd.package}/bin/systemctl";
        identities = {
          ageKeyFiles = lib.optional (cfg.age.keyFile != null) cfg.age.keyFile;
          sshKeyFiles = cfg.age.sshKeyFiles;
        };
        secrets = lib.mapAttrsToList (
          name: secret:
          fileOf name secret
          // {
            inherit (secret) format key;
            file = "${secret.file}";
          }
          // lib.optionalAttrs secret.neededForUsers { unit = null; }
        ) entries;
        templates = lib.mapAttrsToList (
          name: file:
          fileOf name file
          // {
            inherit (file) content;
            unit = "${unitOf "templates/${name}"}.service";
          }
        ) templates;
        placeholders = lib.intersectAttrs entries cfg.placeholder;
      };
    };

  manifest = manifestOf {
    name = "secrets";
    link = paths.secrets;
    generations = paths.secretGenerations;
    entries = late;
    inherit (cfg) templates;
  };

  manifestForUsers = manifestOf {
    name = "secrets-for-users";
    link = paths.secretsForUsers;
    generations = paths.secretsForUsersGenerations;
    entries = early;
  };
  renderForUsers = "${config.hearth.package}/bin/render-secrets";
  usersAreMadeByAUnit =
    (config.systemd.sysusers.enable or false) || (config.services.userborn.enable or false);

  # Without `UMask`: /run/hearth, which it may be the first to make, is for all to walk through.
  withoutMounts = lib.getAttrs [
    "KeyringMode"
    "LimitCORE"
    "LockPersonality"
    "MemoryDenyWriteExecute"
    "MemorySwapMax"
    "NoNewPrivileges"
    "RestrictAddressFamilies"
    "RestrictNamespaces"
    "RestrictRealtime"
    "RestrictSUIDSGID"
    "SystemCallArchitectures"
    "SystemCallErrorNumber"
  ] hearth.unit.hardening;

  # Before there are users, where units make them.
  usersUnit = lib.mkIf (early != { } && usersAreMadeByAUnit) {
    description = "Render secrets that users are made with";
    wantedBy = [
      "sysinit.target"
      # Of an activation.
      "sysinit-reactivation.target"
    ];
    before = [
      "systemd-sysusers.service"
      "userborn.service"
      "sysinit-reactivation.target"
    ];
    unitConfig = {
      DefaultDependencies = false;
      RequiresMountsFor = identities ++ [
        paths.state
        paths.runtime
      ];
    };
    restartTriggers = [ manifestForUsers ];
    # What it mounts must be seen by the host: nothing here that gives a unit mounts of its own.
    serviceConfig = withoutMounts // {
      Type = "oneshot";
      ExecStart = "${renderForUsers} ${usersManifestPath}";
      SuccessExitStatus = "10";
      # Memory that is never swapped is mounted.
      CapabilityBoundingSet = handOver ++ [ "CAP_SYS_ADMIN" ];
      SystemCallFilter = [
        "@system-service"
        "~@privileged @resources"
        "@chown"
        "mount"
      ];
    };
  };

  handOver = [
    # Files are given to their owners,
    "CAP_CHOWN"
    # then still get their mode,
    "CAP_FOWNER"
    # and are compared with what the last generation gave to somebody else.
    "CAP_DAC_READ_SEARCH"
  ];

  # Who is told of new content reads it when it starts, perhaps before `sysinit.target`.
  readers = lib.unique (lib.concatMap (file: file.restartUnits ++ file.reloadUnits) rendered);

  # Before whatever may read a secret. The default dependencies would put it after `sysinit.target`, and so after all of that.
  secretsUnit =
    hearth.unit.oneshot {
      description = "Render secrets from sops files";
      helper = "render-secrets";
      inherit manifest manifestPath;
      state = "hearth/secrets";
      # Said below, since links may have to lie in a home.
      reads = [ ];
      before = [
        "sysinit.target"
        "sysinit-reactivation.target"
        "hearth.target"
        "shutdown.target"
      ]
      ++ readers;
      after = [
        # The owners of files are there,
        "systemd-sysusers.service"
        "userborn.service"
        # and an identity that is put in its place by tmpfiles.
        "systemd-tmpfiles-setup.service"
        "systemd-tmpfiles-resetup.service"
      ];
      unitConfig = {
        DefaultDependencies = false;
        RequiresMountsFor = [ paths.secretGenerations ] ++ identities;
      };
      serviceConfig = secretsService;
    }
    // {
      conflicts = [ "shutdown.target" ];
      wantedBy = [
        "sysinit.target"
        # Of an activation.
        "sysinit-reactivation.target"
        "hearth.target"
      ];
    };
  secretsService = {
    RuntimeDirectory = "hearth";
    RuntimeDirectoryMode = "0755";
    # Links lie where a `path` says, and those that nobody wants any more where an earlier one said.
    ProtectSystem = "full";
    ReadWritePaths = "/etc";
    CapabilityBoundingSet =
      handOver
      # A link may have to lie in a folder that belongs to another user.
      ++ lib.optional (linkFolders != [ ]) "CAP_DAC_OVERRIDE";
    SystemCallFilter = [
      "@system-service"
      "~@privileged @resources"
      "@chown"
    ];
  }
  // (
    # Folders of links are made where they are missing, which in an empty file system would help nobody.
    if lib.any hearth.unit.inHome linkFolders then
      { ProtectHome = false; }
    else
      hearth.unit.homeAccess {
        reads = [
          identities
          (map (secret: secret.file) (lib.attrValues late))
        ];
      }
  );

  complaintsAbout =
    kind: name: file:
    let
      option = "hearth.secrets.${kind}.${name}";
      known = isNamed: id: builtins.match "[0-9]+" id != null || isNamed id;
      unknown =
        kind: set: id:
        "there is no ${kind} `${id}` on this host"
        + (
          if set ? ${id} then
            "; users.${kind}s.${id} has the name `${set.${id}.name}`. Write that."
          else
            ". Declare users.${kind}s.${id}, or correct the name."
        );
    in
    [
      {
        assertion = hearth.types.isSecretName name;
        message = "${option}: a name is made of letters, digits, `_`, `-` and `.`, with `/` between folders, and `templates/` is taken. Rename it; `key` may name any place in the sops file.";
      }
      {
        assertion = known hearth.accounts.isUser file.owner;
        message = "${option}.owner: ${unknown "user" config.users.users file.owner}";
      }
      {
        assertion = known hearth.accounts.isGroup file.group;
        message = "${option}.group: ${unknown "group" config.users.groups file.group}";
      }
    ];

  # It would be rendered as it is: a password that everybody knows.
  placeholdersIn =
    name: file:
    lib.mapAttrsToList (secret: _: {
      assertion = !lib.hasInfix cfg.placeholder.${secret} file.content;
      message = "hearth.secrets.templates.${name} holds the placeholder of `${secret}`, which is rendered before there are users, and templates after. Declare a second entry of the same `key` without neededForUsers, and use that one.";
    }) early;
in
{
  options.hearth.secrets = {
    defaultFile = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = lib.literalExpression "./secrets.yaml";
      description = "The sops file of every secret that names none of its own.";
    };
    age.keyFile = lib.mkOption {
      type = lib.types.nullOr hearth.types.outsideStore;
      default = null;
      example = "/var/lib/hearth/age.key";
      description = "The host's age identity, as age-keygen writes it. It is the one thing that a reinstalled host must be given.";
    };
    age.sshKeyFiles = lib.mkOption {
      type = lib.types.listOf hearth.types.outsideStore;
      default = [ ];
      example = [ "/etc/ssh/ssh_host_ed25519_key" ];
      description = "SSH ed25519 private keys that sops files may be encrypted to instead, such as the host's own.";
    };
    entries = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule entry);
      default = { };
      example.db_password.owner = "postgres";
      description = "Secrets to render, each a file.";
    };
    templates = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule template);
      default = { };
      description = "Files to render that have secrets inside other text.";
    };
    placeholder = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      readOnly = true;
      default = lib.mapAttrs (name: _: "<HEARTH:${name}:PLACEHOLDER>") cfg.entries;
      defaultText = lib.literalMD "one for each entry";
      description = "What stands in a template's `content` for each secret of `entries`.";
    };
  };

  config = lib.mkIf config.hearth.enable {
    assertions =
      lib.concatLists (lib.mapAttrsToList (complaintsAbout "entries") cfg.entries)
      ++ lib.concatLists (lib.mapAttrsToList (complaintsAbout "templates") cfg.templates)
      ++ lib.mapAttrsToList (name: secret: {
        assertion = secret.file != null;
        message = "hearth.secrets.entries.${name}: no sops file is named. Set hearth.secrets.defaultFile, or the secret's own `file`.";
      }) cfg.entries
      ++ lib.mapAttrsToList (name: secret: {
        assertion = secret.owner == "root" && secret.group == "root";
        message = "hearth.secrets.entries.${name}: with neededForUsers it is rendered before there are users, so that it belongs to root. Take `owner` and `group` away.";
      }) early
      ++ lib.concatLists (lib.mapAttrsToList placeholdersIn cfg.templates)
      ++ [
        {
          assertion = cfg.entries == { } || identities != [ ];
          message = "hearth.secrets: nothing can decrypt the secrets of this host. Set hearth.secrets.age.keyFile to its age identity, or hearth.secrets.age.sshKeyFiles to its SSH host key.";
        }
        {
          assertion = lib.allUnique (map (file: file.path) rendered);
          message = "hearth.secrets: two entries or templates have the same `path`. Give each its own.";
        }
      ];

    environment.etc = {
      "hearth/secrets.json".source = manifest;
    }
    // lib.optionalAttrs (early != { }) {
      "hearth/secrets-for-users.json".source = manifestForUsers;
    };

    # Where no unit makes users, the activation does.
    system.activationScripts = lib.mkIf (early != { } && !usersAreMadeByAUnit) {
      hearthSecretsForUsers = lib.stringAfter [ "specialfs" ] ''
        # systemd, which would mount it, is not there yet at a boot. Where the kernel cannot, the helper mounts its part alone.
        if ! test -e ${paths.runtime}; then
          # NixOS gives activation the programs of util-linux.
          mkdir --mode=0755 ${paths.runtime}
          mount -t tmpfs -o ${paths.runtimeMemory} tmpfs ${paths.runtime} || true
        fi
        # /etc may not have its manifest yet.
        ${renderForUsers} ${manifestForUsers} || test $? -eq 10
      '';
      users.deps = [ "hearthSecretsForUsers" ];
    };

    systemd.services =
      lib.listToAttrs (
        map (statusUnit manifestPath) (
          lib.attrNames late ++ map (name: "templates/${name}") (lib.attrNames cfg.templates)
        )
        ++ map (statusUnit usersManifestPath) (lib.attrNames early)
      )
      // {
        hearth-secrets-for-users = usersUnit;
        hearth-secrets = secretsUnit;
      };
    # systemd orders what a timer starts after the timer: with its default dependencies that would be after `sysinit.target`.
    systemd.timers.hearth-secrets = hearth.unit.timer "Look for drift in rendered secrets" // {
      unitConfig.DefaultDependencies = false;
      before = [ "shutdown.target" ];
      conflicts = [ "shutdown.target" ];
    };
  };
}
