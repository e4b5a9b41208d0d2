# The tests' own app, in one of its versions: what it is called, and what its image sets beside that.
{
  dockerTools,
  lib,
  rustPlatform,
  version ? "1.0.0",
  environment ? { },
}:
let
  root = ../../../tests/apps/hello;
  hello = rustPlatform.buildRustPackage {
    pname = "hello";
    version = "0.1.0";
    src = lib.cleanSourceWith {
      src = root;
      filter = path: _: baseNameOf path != "target";
    };
    cargoLock.lockFile = root + "/Cargo.lock";
  };
in
dockerTools.buildLayeredImage {
  name = "localhost:5000/hello";
  tag = version;
  extraCommands = ''
    ln -s ${hello}/bin/hello hello
    mkdir data
  '';
  config = {
    Entrypoint = [ "/hello" ];
    Env = lib.mapAttrsToList (name: value: "${name}=${value}") (
      { HELLO_VERSION = version; } // environment
    );
    ExposedPorts."8080/tcp" = { };
  };
}
