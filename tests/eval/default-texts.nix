# The default of every option of Hearth, as its documentation shows it, as one Nix expression: what is prose does not parse,
# for it names variables that there are not. Prose is Markdown, `literalMD`.
{ lib, options, ... }:
let
  isExpression = option: option.default._type or "" == "literalExpression";
  documented = lib.filter (option: option ? default && isExpression option) (
    lib.optionAttrSetToDocList options.hearth
  );
in
{
  imports = [ ../../nix/hosts/example.nix ];
  environment.etc."hearth/default-texts.nix".text = ''
    { config, lib, pkgs }: [
    ${lib.concatMapStrings (option: "# ${option.name}\n(${option.default.text}\n)\n") documented}
    ]
  '';
}
