# The helpers, all binaries in one package.
{ lib, rustPlatform }:
let
  root = ../../helpers;
  manifest = lib.importTOML (root + "/Cargo.toml");
in
rustPlatform.buildRustPackage {
  pname = "hearth";
  inherit (manifest.workspace.package) version;
  # What a build leaves behind never becomes part of the next one.
  src = lib.cleanSourceWith {
    src = root;
    filter = path: _: baseNameOf path != "target";
  };
  cargoLock.lockFile = root + "/Cargo.lock";
  meta = {
    description = "Helpers that keep a host as its flake declares it";
    license = lib.licenses.eupl12;
    platforms = lib.platforms.linux;
  };
}
