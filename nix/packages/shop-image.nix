# The tests' own app with a database, in one of its versions: what it is called, the migrations that it has beyond those of
# the first version, and what its image sets beside that.
{
  buildGoModule,
  dockerTools,
  go-migrate,
  lib,
  runCommand,
  version ? "1.0.0",
  later ? [ ],
  env ? { },
}:
let
  root = ../../tests/apps/shop;
  shop = buildGoModule {
    pname = "shop";
    version = "0.1.0";
    src = lib.fileset.toSource {
      inherit root;
      fileset = lib.fileset.unions [
        (root + "/go.mod")
        (root + "/go.sum")
        (root + "/main.go")
      ];
    };
    vendorHash = "sha256-/pLdl0i7IMfmXsKd1+oAl7yrcPvDZzeh97PBJ1lRzsU=";
    subPackages = [ "." ];
    env.CGO_ENABLED = 0;
  };
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
    cp ${go-migrate}/bin/migrate migrate
    cp -r ${migrations}/migrations migrations
    mkdir tmp
  '';
  config = {
    Entrypoint = [ "/shop" ];
    Env = lib.mapAttrsToList (name: value: "${name}=${value}") ({ SHOP_VERSION = version; } // env);
    ExposedPorts."8080/tcp" = { };
  };
}
