"""What a host of the bed has in place of NixOS' own activation: switch-to-configuration, activate and nix-env.

Order, decisions and exit codes follow nixpkgs, pkgs/by-name/sw/switch-to-configuration-ng. Users' own units, swap devices
and /etc/fstab are left out: nothing that the modules declare changes them.
"""
