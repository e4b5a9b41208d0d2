# Mistakes in shell: in every file that is a script or is sourced by one, as `tests/run` looks for them.
{
  lib,
  runCommand,
  # Missing in the old release of nixpkgs with which evaluation alone is tried.
  shellcheck-minimal ? null,
}:
runCommand "shell-style" { nativeBuildInputs = [ shellcheck-minimal ]; } ''
  cd ${lib.cleanSource ../..}
  {
    find . -type f -name '*.sh'
    find . -type f -exec sh -c 'head -c 80 "$1" | grep -qE "^#! ?/.*[/ ](ba)?sh"' is-shell {} \; -print
  } | sort -u >$TMPDIR/files
  # To find no file is no success.
  test -s $TMPDIR/files
  xargs shellcheck --external-sources <$TMPDIR/files
  touch $out
''
