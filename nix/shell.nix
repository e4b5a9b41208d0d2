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
  sops,
  statix,
}:
mkShell {
  packages = [
    age
    cargo
    clippy
    deadnix
    jq
    nixfmt
    rustc
    rustfmt
    sops
    statix
  ];
}
