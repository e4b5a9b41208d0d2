# A runner of Gitea or Forgejo Actions on this host, from the NixOS module that exists for it: jobs run as a user without
# rights, without the Docker socket, and reach the host through the door for deploys alone.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hearth.runner;
  hearth = import ../lib { inherit config lib pkgs; };
  upstream = config.services.gitea-actions-runner;
  # What NixOS' module calls the user of every instance.
  user = "gitea-runner";
  token = toString cfg.tokenSecret;
  instance = "hearth";
  unit = "gitea-runner-${instance}";
  service = config.systemd.services.${unit};

  hosted = label: if lib.hasInfix ":" label then label else "${label}:host";
  inContainers = label: lib.hasInfix ":docker" label || lib.hasInfix ":lxc" label;
  # Without labels the runner takes those of its own, which are images.
  usesEngine = labels: labels == [ ] || lib.any inContainers labels;

  # The events that somebody can cause who may read a repository, and not write to it. The first are found wherever they
  # stand; the others are words of every day and of `permissions:`, and are found where events are named.
  unmistakable = "pull_request[a-z_]*|issue_comment|discussion_comment|workflow_run";
  everyday = "issues|discussion|fork|watch|gollum|star";
  triggerOf =
    line:
    let
      said = lib.head (lib.splitString "#" (lib.removeSuffix "\r" line));
      anywhere = builtins.match "(.*[^a-z_])?(${unmistakable})([^a-z_].*)?" said;
      named = builtins.match "([ ]*(- +|\\[(.*[^a-z_])?)?|[\"']?on[\"']?:(.*[^a-z_])?)[\"']?(${everyday})[\"']?( *[],].*| *: *([{].*)?| *)" said;
    in
    if anywhere != null then
      [ (lib.elemAt anywhere 1) ]
    else if named != null then
      [ (lib.elemAt named 4) ]
    else
      [ ];
  triggersOf =
    file: lib.unique (lib.concatMap triggerOf (lib.splitString "\n" (builtins.readFile file)));
  openTo = lib.filter (one: one.triggers != [ ]) (
    map (file: {
      name = baseNameOf file;
      triggers = triggersOf file;
    }) cfg.workflows
  );

  isIn =
    group:
    hearth.accounts.isMember { inherit user group; }
    || lib.elem group (lib.toList (service.serviceConfig.SupplementaryGroups or [ ]));
  others = removeAttrs upstream.instances [ instance ];

  configFile = (pkgs.formats.yaml { }).generate "runner.yaml" upstream.instances.${instance}.settings;

  # Stronger than what NixOS' module says, weaker than what somebody forces.
  ours = lib.mapAttrs (_: lib.mkOverride 75);
in
{
  options.hearth.runner = {
    enable = lib.mkEnableOption "a runner of Gitea or Forgejo Actions on this host";

    url = lib.mkOption {
      type = lib.types.nullOr hearth.types.httpAddress;
      default = null;
      example = "https://git.example.org";
      description = "Where the Gitea or Forgejo is. For Forgejo set `services.gitea-actions-runner.package = pkgs.forgejo-runner` too.";
    };
    tokenSecret = lib.mkOption {
      type = lib.types.nullOr lib.types.nonEmptyStr;
      default = null;
      example = "runner_token";
      description = ''
        The entry of `hearth.secrets.entries` with the registration token. Take one of the repository or organisation whose
        jobs are to run here: one of the whole forge lets everybody's jobs onto this host.
      '';
    };
    name = lib.mkOption {
      type = lib.types.nonEmptyStr;
      default = config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "What the forge calls the runner.";
    };
    labels = lib.mkOption {
      type = lib.types.nonEmptyListOf (lib.types.strMatching "[^[:space:],]+");
      default = [ "deploy" ];
      description = ''
        What a job writes into `runs-on` to run here. Jobs run on the host itself, as the user `${user}`; a label with an image
        behind it is refused, because it would need the Docker socket. A change needs a new registration token.
      '';
    };
    capacity = lib.mkOption {
      type = lib.types.ints.between 1 64;
      default = 1;
      description = "How many jobs run at a time.";
    };
    timeoutMinutes = lib.mkOption {
      type = lib.types.ints.between 1 1440;
      default = 60;
      description = "How long a job may take before it is ended. A deploy that it began goes on.";
    };
    memoryMax = lib.mkOption {
      type = lib.types.strMatching "[0-9]+[KMGT%]?|infinity";
      default = "50%";
      description = "How much of the host's memory all jobs together may take, as systemd's `MemoryMax=`. Apps come first.";
    };
    workflows = lib.mkOption {
      type = lib.types.listOf lib.types.path;
      default = [ ];
      example = lib.literalExpression "[ ./.forgejo/workflows/deploy.yml ]";
      description = ''
        The workflow files that run here, so that it is seen when the system is built that no pull request of a fork sets one
        off. A forge runs the workflow files of the pull request itself: there, leave it to members to approve the runs of others.
      '';
    };
    acceptForks = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Accepts that people who cannot write to the repositories run jobs here. They run their code on this host as `${user}`,
        and may deploy what that user may. Only for a runner whose user is in no `hearth.apps.*.deploy.users`, or a forge whose
        members are all trusted.
      '';
    };
  };

  config = lib.mkIf (config.hearth.enable && cfg.enable) {
    assertions =
      map (label: {
        assertion = !inContainers label;
        message = "hearth.runner.labels: jobs of `${label}` would run in containers, with the Docker socket, which is root on this host by another name. Write `${lib.head (lib.splitString ":" label)}`, and let a runner on another machine have such jobs.";
      }) cfg.labels
      ++ lib.mapAttrsToList (name: other: {
        assertion = !(other.enable && usesEngine other.labels);
        message = "services.gitea-actions-runner.instances.${name} has jobs in containers, with the Docker socket, and runs as the same user as hearth.runner. Give it labels that end with `:host`, or move it to another machine.";
      }) others
      ++
        map
          (group: {
            assertion = !isIn group;
            message = "hearth.runner: ${user} is in the group `${group}`, which is root on this host by another name. Take it out: it needs the door for deploys alone.";
          })
          [
            "docker"
            "podman"
            "wheel"
            "root"
          ]
      ++ [
        {
          assertion = !(service.environment ? DOCKER_HOST);
          message = "hearth.runner: ${unit}.service is given DOCKER_HOST, and jobs with it an engine. Take it away: they need the door for deploys alone.";
        }
        {
          assertion = cfg.url != null;
          message = "hearth.runner: it is not said where the Gitea or Forgejo is. Set hearth.runner.url.";
        }
        {
          assertion = config.hearth.secrets.entries ? ${token};
          message = "hearth.runner.tokenSecret names `${token}`, which is not declared. Add hearth.secrets.entries.${token}, or correct the name.";
        }
        {
          assertion = cfg.workflows != [ ] || cfg.acceptForks;
          message = "hearth.runner: it is not known who can start jobs here. Name the workflow files that run here in hearth.runner.workflows, so that those are refused which pull requests of forks set off; or accept them with hearth.runner.acceptForks = true.";
        }
      ]
      ++ map (one: {
        assertion = cfg.acceptForks;
        message = "hearth.runner.workflows: ${one.name} is set off by ${lib.concatStringsSep " and " one.triggers}, so that people who cannot write to the repository run code on this host. Take the trigger out, let a runner on another machine have such jobs, or accept it with hearth.runner.acceptForks = true.";
      }) openTo;

    hearth.secrets.templates.runner = {
      content = "TOKEN=${config.hearth.secrets.placeholder.${token} or ""}";
      restartUnits = [ "${unit}.service" ];
    };

    services.gitea-actions-runner.instances.${instance} = {
      enable = true;
      inherit (cfg) name;
      url = toString cfg.url;
      tokenFile = config.hearth.secrets.templates.runner.path;
      labels = map hosted cfg.labels;
      settings = {
        runner = {
          inherit (cfg) capacity;
          timeout = "${toString cfg.timeoutMinutes}m";
        };
        # No engine is looked for.
        container.docker_host = "-";
      };
    };

    # A user that is there while no runner is, for the door to know. With one of that name systemd makes none of its own.
    users.users.${user} = {
      isSystemUser = true;
      group = user;
      description = "Runs jobs of ${toString cfg.url}";
    };
    users.groups.${user} = { };

    systemd.services.${unit} = {
      wants = [ "hearth-secrets.service" ];
      after = [ "hearth-secrets.service" ];
      # For `deploy-app`.
      path = [ config.hearth.package ];
      serviceConfig = ours (
        removeAttrs hearth.unit.hardening [
          # Jobs fetch, push, and ask what they deployed.
          "PrivateNetwork"
          "RestrictAddressFamilies"
          # Interpreters that compile, such as node.
          "MemoryDenyWriteExecute"
          # Jobs are as large as they are, and the runner keeps its registration in its state folder.
          "MemorySwapMax"
          # Tools count processors and look at their own process.
          "ProcSubset"
          # Builders that make file systems and names of their own.
          "RestrictNamespaces"
        ]
        // {
          # The runner hands its whole environment to its jobs, and the token registers further runners.
          ExecStart = "${pkgs.coreutils}/bin/env --unset=TOKEN ${lib.getExe upstream.package} daemon --config ${configFile}";
          InaccessiblePaths = [
            "-/run/docker.sock"
            "-/run/docker"
            "-/run/containerd"
            "-/run/podman"
            "-/run/hearth-docker-read"
          ];
          MemoryMax = cfg.memoryMax;
        }
      );
    };
  };
}
