# warned: hearth.apps: shop.example.com is covered by no certificate, so that browsers will refuse it. Add one to hearth.certificates.
{
  hearth.apps.shop = {
    domain = "shop.example.com";
    recipe = ../../recipes/hello;
  };
}
