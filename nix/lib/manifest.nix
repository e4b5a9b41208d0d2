# A helper's input as a file, with its `content` as a value beside it. The same helper checks it while it is built, so that
# a wrong manifest fails `nixos-rebuild build` and never reaches the machine.
{
  lib,
  pkgs,
  config,
}:
let
  # One key a line: readable on the host, and two generations of a system can be compared with diff.
  pretty =
    indent: value:
    let
      deeper = "${indent}  ";
      block =
        open: items: close:
        open + lib.concatMapStringsSep "," (item: "\n${deeper}${item}") items + "\n${indent}${close}";
      entry = name: item: "${builtins.toJSON name}: ${pretty deeper item}";
    in
    if lib.isAttrs value && value != { } && !(value ? outPath) then
      block "{" (lib.mapAttrsToList entry value) "}"
    else if lib.isList value && value != [ ] then
      block "[" (map (pretty deeper) value) "]"
    else
      builtins.toJSON value;

  # The helpers of the host run where its system is built, unless it is built for another platform: then the manifests are
  # checked by the same helpers for the platform of the build.
  checker =
    if pkgs.stdenv.buildPlatform.config == pkgs.stdenv.hostPlatform.config then
      config.hearth.package
    else
      pkgs.buildPackages.callPackage ../packages/hearth.nix { };
in
{
  name,
  helper,
  content,
}:
pkgs.writeTextFile {
  name = "hearth-${name}.json";
  text = pretty "" ({ schema = 1; } // content) + "\n";
  checkPhase = ''
    ${checker}/bin/${helper} --check "$target"
  '';
}
// {
  inherit content;
}
