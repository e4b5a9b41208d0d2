# What working on the project takes; the bed itself needs a Debian machine or CI.
{
  age,
  cargo,
  clippy,
  deadnix,
  jq,
  mkShell,
  nixfmt,
  # Missing in the old release of nixpkgs with which evaluation alone is tried.
  ruff ? null,
  rustc,
  rustfmt,
  shellcheck,
  shfmt,
  sops,
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
    shellcheck
    shfmt
    sops
  ];
}
