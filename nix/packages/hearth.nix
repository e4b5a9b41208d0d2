# The helpers, all binaries in one package.
{
  installShellFiles,
  lib,
  rustPlatform,
  stdenv,
}:
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
  nativeBuildInputs = [ installShellFiles ];
  # The program describes itself, so it has to run where it is built.
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    installShellCompletion --cmd hearth \
      --bash <($out/bin/hearth completions bash) \
      --fish <($out/bin/hearth completions fish) \
      --zsh <($out/bin/hearth completions zsh)
    $out/bin/hearth manual > hearth.1
    installManPage hearth.1
  '';
  meta = {
    description = "Helpers that keep a host as its flake declares it";
    license = lib.licenses.eupl12;
    platforms = lib.platforms.linux;
  };
}
