# How an address of a git repository is reached.
{ lib }:
rec {
  isLocal = url: lib.hasPrefix "/" url || lib.hasPrefix "file://" url;
  isSsh = url: !isLocal url && !lib.hasPrefix "https://" url;
}
