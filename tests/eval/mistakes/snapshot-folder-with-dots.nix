# refused: absolute path on the host, written as a string, without `.`, `..` or `//` in it
{
  hearth.apps.shop = {
    recipe = ./.;
    snapshot.folder = "/srv/snapshots/../../var/lib/docker";
  };
}
