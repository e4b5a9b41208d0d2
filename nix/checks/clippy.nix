# The style of the helpers, with every warning an error.
{
  callPackage,
  clippy,
  lib,
  rustfmt,
}:
callPackage ../packages/hearth.nix {
  inherit lib;
  variant = {
    pname = "hearth-clippy";
    nativeBuildInputs = [
      clippy
      rustfmt
    ];
    buildPhase = ''
      cargo fmt --all --check
      cargo clippy --workspace --all-targets --offline -- --deny warnings
    '';
    installPhase = "touch $out";
  };
}
