# refused: hearth.apps: blog and shop have the same domain shop.example.org. Give each its own.
{
  hearth.apps.blog = {
    recipe = ./.;
    domain = "blog.example.org";
    domains = [ "shop.example.org" ];
  };
  hearth.apps.shop = {
    recipe = ./.;
    domain = "shop.example.org";
  };
}
