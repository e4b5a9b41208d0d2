# refused: hearth.apps.hello.databases names shop, which is not declared
{
  hearth.apps.hello.databases = [ "shop" ];
}
