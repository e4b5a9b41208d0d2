# Recipes of Hearth's own with what a host adds to them.
{ lib, pkgs }:
{
  # Arguments as lines of a list in a compose file. JSON is YAML; `$` begins a variable there, and `$$` stands for one.
  asArguments = lib.concatMapStrings (
    argument: "      - ${builtins.toJSON (lib.replaceStrings [ "$" ] [ "$$" ] argument)}\n"
  );

  # The folder with `text` behind the line `after` of each `file`. With nothing to add it is the folder itself.
  extended =
    folder: additions:
    let
      changed = lib.filter (addition: addition.text != "") additions;
      newText =
        {
          file,
          after,
          text,
        }:
        lib.replaceStrings [ after ] [ (after + text) ] (builtins.readFile (folder + "/${file}"));
      texts = map newText changed;
    in
    if changed == [ ] then
      folder
    else
      pkgs.runCommand "recipe-${baseNameOf folder}" { passthru = { inherit texts; }; } (
        ''
          cp -r ${folder} "$out"
          chmod -R u+w "$out"
        ''
        + lib.concatStrings (
          lib.zipListsWith (
            { file, ... }: text: "cp ${pkgs.writeText file text} \"$out/${file}\"\n"
          ) changed texts
        )
      );
}
