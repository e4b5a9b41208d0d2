# refused: hearth.apps: blog and shop have the same domain www.shared.example.org. Give each its own.
{
  hearth.apps.blog = {
    recipe = ./.;
    domain = "blog.example.org";
    domains = [ "www.shared.example.org" ];
  };
  hearth.apps.shop = {
    recipe = ./.;
    domain = "shop.example.org";
    domains = [ "www.shared.example.org" ];
  };
}
