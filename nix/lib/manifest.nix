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
    ${config.hearth.package}/bin/${helper} --check "$target"
  '';
}
// {
  inherit content;
}
