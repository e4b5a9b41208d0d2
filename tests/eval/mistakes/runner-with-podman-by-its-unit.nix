# refused: hearth.runner: gitea-runner is in the group `podman`, which is root on this host by another name.
{
  hearth.runner = {
    enable = true;
    url = "https://git.example.org";
    tokenSecret = "hello_token";
    workflows = [ ../../../docs/examples/gitea-actions.yml ];
  };
  systemd.services.gitea-runner-hearth.serviceConfig.SupplementaryGroups = [ "podman" ];
}
