# The helpers' own tests run where the package is built; here their style, with every warning an error.
{
  callPackage,
  clippy,
  lib,
  rustfmt,
}:
(callPackage ../packages/hearth.nix { inherit lib; }).overrideAttrs (old: {
  pname = "hearth-clippy";
  nativeBuildInputs = old.nativeBuildInputs or [ ] ++ [
    clippy
    rustfmt
  ];
  buildPhase = ''
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --offline -- --deny warnings
  '';
  doCheck = false;
  installPhase = "touch $out";
})
