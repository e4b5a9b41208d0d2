# Options by the names that they once had.
{ lib, ... }:
let
  ofDatabases = map (option: lib.splitString "." option) [
    "databases"
    "enable"
    "image.archive"
    "image.name"
    "maxConnections"
    "pooler.image.archive"
    "pooler.image.name"
    "pooler.maxClients"
    "pooler.poolSize"
    "poolerPasswordSecret"
    "superuserPasswordSecret"
  ];
  renamed =
    from: to: option:
    lib.mkRenamedOptionModule ([ "hearth" ] ++ from ++ option) ([ "hearth" ] ++ to ++ option);
in
{
  imports = map (renamed [ "databases" ] [ "postgres" ]) ofDatabases;
}
