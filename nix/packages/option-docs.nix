# The reference of every `hearth.*` option as Markdown, from the modules themselves: `nix build .#option-docs`.
{
  lib,
  pkgs,
  writeText,
}:
let
  evaluated = lib.evalModules {
    modules = [
      ../modules
      {
        # Only the options are read; what the modules say to the rest of NixOS has nowhere to go here.
        _module.check = false;
        _module.args = { inherit pkgs; };
      }
    ];
  };

  words = text: lib.splitString " " (lib.replaceStrings [ "\n" ] [ " " ] text);
  oneLine = text: lib.concatStringsSep " " (lib.filter (word: word != "") (words text));
  line = label: value: "- ${label}: ${oneLine value}\n";
  code = text: "`${text}`";
  # What is prose says so, everything else is an expression.
  valueText = value: if value._type or "" == "literalMD" then value.text else code value.text;
  section =
    option:
    "## `${option.name}`\n\n${lib.trim option.description}\n\n"
    + line "type" (code option.type)
    + lib.optionalString (option ? default) (line "default" (valueText option.default))
    + lib.optionalString (option ? example) (line "example" (valueText option.example));

  options = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList evaluated.options.hearth
  );
in
writeText "hearth-options.md" (
  "# Options of Hearth\n\n" + lib.concatMapStringsSep "\n" section options
)
