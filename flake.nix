{
  description = "Hearth turns one NixOS machine into a host for apps that keeps itself right";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # Where hosts run, as far as the nixpkgs input has packages for it.
      systems = builtins.intersectAttrs {
        x86_64-linux = null;
        aarch64-linux = null;
      } nixpkgs.legacyPackages;
      perSystem = use: lib.mapAttrs (_: use) systems;
    in
    {
      nixosModules.default.imports = [ ./nix/modules ];
      nixosModules.hearth = self.nixosModules.default;
      nixosModules.sops-names.imports = [ ./nix/modules/sops-names.nix ];
      overlays.default = import ./nix/packages/overlay.nix;

      nixosConfigurations.example = lib.nixosSystem {
        modules = [
          self.nixosModules.default
          ./nix/hosts/example.nix
          { nixpkgs.hostPlatform = "x86_64-linux"; }
        ];
      };

      packages = perSystem (pkgs: import ./nix/packages { inherit lib pkgs; });
      checks = perSystem (pkgs: import ./nix/checks { inherit lib pkgs self; });
      # Not a part of `nix flake check`, which is for a laptop: `nix build .#vm-tests.serves`.
      legacyPackages = perSystem (pkgs: {
        vm-tests = import ./nix/tests { inherit lib pkgs; };
      });
      devShells = perSystem (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { };
      });
      # `nix fmt` formats the whole tree; the formatter alone wants to be told each file.
      formatter = perSystem (pkgs: pkgs.nixfmt-tree or pkgs.nixfmt);
    };
}
