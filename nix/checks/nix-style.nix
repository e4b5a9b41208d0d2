# Formatting, unused code and known bad habits in every Nix file.
{
  deadnix,
  lib,
  nixfmt,
  runCommand,
  statix,
}:
runCommand "nix-style"
  {
    nativeBuildInputs = [
      deadnix
      nixfmt
      statix
    ];
  }
  ''
    cd ${lib.sourceFilesBySuffices ../.. [ ".nix" ]}
    find . -name '*.nix' -exec nixfmt --check {} +
    deadnix --fail .
    statix check .
    touch $out
  ''
