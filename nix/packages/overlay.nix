final: _: {
  hearth = final.callPackage ./hearth.nix { };
  hearth-proxy-image = final.callPackage ./proxy-image.nix { };
}
