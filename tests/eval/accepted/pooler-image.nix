# The pooler's image has what its script calls, and no PostgreSQL server for the sake of one program.
{ lib, pkgs, ... }:
let
  image = pkgs.callPackage ../../../nix/packages/pgbouncer-image.nix {
    dockerTools.buildLayeredImage = lib.id;
  };
  names = map lib.getName image.contents;
  has = part: lib.any (lib.hasInfix part) names;
in
{
  assertions =
    map
      (part: {
        assertion = has part;
        message = "the image lacks ${part}: ${toString names}";
      })
      [
        "bash"
        "coreutils"
        "getent"
        "gnused"
        "pgbouncer"
      ]
    ++ lib.singleton {
      assertion = !has "postgresql";
      message = "a whole PostgreSQL is in the image";
    };
}
