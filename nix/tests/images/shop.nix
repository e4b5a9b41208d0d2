# The tests' own app with a database, in one of its versions: what it is called, the migrations that it has beyond those of
# the first version, and what its image sets beside that.
{
  cacert,
  dockerTools,
  go,
  lib,
  runCommand,
  version ? "1.0.0",
  later ? [ ],
  env ? { },
}:
let
  root = ../../../tests/apps/shop;
  sources = ''
    cp ${root + "/go.mod"} go.mod
    cp ${root + "/go.sum"} go.sum
    cp ${root + "/main.go"} main.go
    chmod u+w go.mod go.sum
  '';
  # The modules that it and its tool, golang-migrate, are made of.
  vendor =
    runCommand "shop-vendor"
      {
        nativeBuildInputs = [
          cacert
          go
        ];
        outputHashMode = "recursive";
        outputHash = "sha256-/pLdl0i7IMfmXsKd1+oAl7yrcPvDZzeh97PBJ1lRzsU=";
      }
      ''
        ${sources}
        GOPATH=$TMPDIR/go GOCACHE=$TMPDIR/cache go mod vendor
        cp -r vendor $out
      '';
  shop = runCommand "shop" { nativeBuildInputs = [ go ]; } ''
    ${sources}
    cp -r ${vendor} vendor
    export GOPATH=$TMPDIR/go GOCACHE=$TMPDIR/cache GOFLAGS=-mod=vendor CGO_ENABLED=0
    go build -o $out/bin/shop .
    go build -tags=postgres -o $out/bin/migrate github.com/golang-migrate/migrate/v4/cmd/migrate
  '';
  migrations = runCommand "shop-migrations" { } (
    ''
      mkdir -p $out/migrations
      cp ${root + "/migrations"}/*.sql $out/migrations
    ''
    + lib.concatMapStrings (name: ''
      cp ${root + "/later/${name}.up.sql"} $out/migrations/${name}.up.sql
    '') later
  );
in
dockerTools.buildLayeredImage {
  name = "localhost:5000/shop";
  tag = version;
  extraCommands = ''
    cp ${shop}/bin/shop shop
    cp ${shop}/bin/migrate migrate
    cp -r ${migrations}/migrations migrations
    mkdir tmp
  '';
  config = {
    Entrypoint = [ "/shop" ];
    Env = lib.mapAttrsToList (name: value: "${name}=${value}") ({ SHOP_VERSION = version; } // env);
    ExposedPorts."8080/tcp" = { };
  };
}
