# The helpers, all binaries in one package.
{
  installShellFiles,
  lib,
  rustPlatform,
  stdenv,
  # What a check builds otherwise than hosts do: attributes that replace those below.
  variant ? { },
}:
let
  root = ../../helpers;
  manifest = lib.importTOML (root + "/Cargo.toml");
in
rustPlatform.buildRustPackage (
  {
    pname = "hearth";
    inherit (manifest.workspace.package) version;
    # What a build leaves behind never becomes part of the next one.
    src = lib.cleanSourceWith {
      src = root;
      filter = path: _: baseNameOf path != "target";
    };
    cargoLock.lockFile = root + "/Cargo.lock";
    # No host runs these, and nobody waits for their dependencies to compile.
    cargoBuildFlags = [
      "--workspace"
      "--exclude=fuzz"
      "--exclude=test-needs"
    ];
    # Tests take longer than the build, and more programs: the check `unit-tests` runs them, once and not on every host.
    doCheck = false;
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
      license = lib.licenses.asl20;
      mainProgram = "hearth";
      maintainers = [ ];
      platforms = lib.platforms.linux;
    };
  }
  // variant
)
