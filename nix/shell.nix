# What working on the project takes; the bed itself needs a Debian machine or CI.
{
  age,
  cargo,
  clippy,
  deadnix,
  jq,
  mkShell,
  nixfmt,
  rustc,
  rustfmt,
  shfmt,
  sops,
  # These two are missing in the old release of nixpkgs with which evaluation alone is tried.
  ruff ? null,
  shellcheck-minimal ? null,
}:
mkShell {
  packages = [
    age
    cargo
    clippy
    deadnix
    jq
    nixfmt
    ruff
    rustc
    rustfmt
    shellcheck-minimal
    shfmt
    sops
  ];
}
