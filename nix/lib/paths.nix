# Where things lie on a host. The helpers learn these from their manifests and know none of their own.
{ config }:
rec {
  manifests = "/etc/hearth";
  state = "/var/lib/hearth";
  recipes = "${state}/recipes";
  runtime = "/run/hearth";
  # The options with which that is mounted.
  runtimeMemory = "mode=0755,noswap,nosuid,nodev,noexec,size=128m";
  secrets = "${runtime}/secrets";
  secretGenerations = "${runtime}/secrets.d";
  secretsForUsers = "${runtime}/secrets-for-users";
  secretsForUsersGenerations = "${runtime}/secrets-for-users.d";
  certificates = "${runtime}/certificates";
  looks = "${runtime}/looks";
  dockerConfig = "${runtime}/docker";
  # The engine's data: where its owner says, or the engine's own default.
  engine = config.virtualisation.docker.daemon.settings.data-root or "/var/lib/docker";
  volumes = "${engine}/volumes";
  dockerSocket = "/run/docker.sock";
  dockerRead = "/run/hearth-docker-read";
  deploySocket = "/run/hearth-deploy/socket";
  deployQueue = "${runtime}/deploy";
}
