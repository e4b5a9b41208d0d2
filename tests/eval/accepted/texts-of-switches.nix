# What switches something on reads as the sentence that NixOS makes of it.
{ lib, options, ... }:
let
  reads = option: builtins.match "Whether to enable [^:]*\\.[[:space:]]*" option.description != null;
  switches = lib.filter (option: lib.hasPrefix "Whether to enable " (option.description or "")) (
    lib.optionAttrSetToDocList options.hearth
  );
in
{
  assertions = map (option: {
    assertion = reads option;
    message = "${option.name} reads: ${option.description}";
  }) switches;
}
