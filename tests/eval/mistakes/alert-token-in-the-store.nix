# refused: absolute path outside the Nix store
{
  hearth.alerts.channels.x.gotify = {
    server = "https://gotify.example.org";
    tokenFile = ./alert-token-in-the-store.nix;
  };
}
