# Formatting and unused code of every Nix file, by the tools that `tests/run` runs too.
{
  deadnix,
  lib,
  nixfmt,
  runCommand,
}:
runCommand "nix-style"
  {
    nativeBuildInputs = [
      deadnix
      nixfmt
    ];
  }
  ''
    cd ${lib.sourceFilesBySuffices ../.. [ ".nix" ]}
    find . -name '*.nix' -exec nixfmt --check {} +
    deadnix --fail .
    touch $out
  ''
