# refused: absolute path outside the Nix store
{
  hearth.apps.hello.snapshot.offsite = {
    repository = "/mnt/backup";
    passwordFile = ./offsite-password-in-the-store.nix;
  };
}
