# Formatting of Python and mistakes in it, as `tests/run` looks for them.
{
  lib,
  # Missing in the old release of nixpkgs with which evaluation alone is tried.
  ruff ? null,
  runCommand,
}:
runCommand "python-style" { nativeBuildInputs = [ ruff ]; } ''
  cd ${
    lib.sourceFilesBySuffices ../.. [
      ".py"
      "ruff.toml"
    ]
  }
  ruff check --no-cache .
  ruff format --no-cache --check .
  touch $out
''
