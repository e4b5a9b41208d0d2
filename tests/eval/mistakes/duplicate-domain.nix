# refused: hearth.apps: hello and miniflux have the same domain feeds.example.org. Give each its own.
{ lib, ... }:
{
  hearth.apps.hello.domain = lib.mkForce "feeds.example.org";
  hearth.apps.hello.stack = "hello";
}
