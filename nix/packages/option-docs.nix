# The reference of every `hearth.*` option as Markdown, from the modules themselves.
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
  line = label: value: "- ${label}: `${oneLine value}`\n";
  section =
    option:
    "## `${option.name}`\n\n${lib.trim option.description}\n\n"
    + line "type" option.type
    + lib.optionalString (option ? default) (line "default" option.default.text)
    + lib.optionalString (option ? example) (line "example" option.example.text);

  options = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList evaluated.options.hearth
  );
in
writeText "hearth-options.md" (
  "# Options of Hearth\n\n" + lib.concatMapStringsSep "\n" section options
)
