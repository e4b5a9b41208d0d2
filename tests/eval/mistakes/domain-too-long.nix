# refused: domain name in lower case, such as app.example.org, of at most 253 characters
{ lib, ... }:
{
  hearth.apps.shop = {
    recipe = ./.;
    domain = lib.concatStrings (lib.replicate 63 "shop.") + "example.org";
  };
}
