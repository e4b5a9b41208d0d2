# All that a recipe can be allowed.
{
  hearth.apps.hello = {
    domains = [ "www.example.org" ];
    allow = {
      volumes = [ "media" ];
      networks = [ "monitoring" ];
      ports = [
        25
        "8448/udp"
      ];
      logging = [ "gelf" ];
      proxy = true;
    };
  };
}
