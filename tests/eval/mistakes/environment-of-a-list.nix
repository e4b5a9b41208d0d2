# refused: text, number, true, false or path
{
  hearth.apps.shop = {
    recipe = ./.;
    environment.HOSTS = [ "a" ];
  };
}
