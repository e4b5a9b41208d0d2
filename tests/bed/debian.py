"""Debian trees: the base that images share, and the root that hosts boot."""

import os
import shutil

from . import cache
from .shell import run

SUITE = "trixie"
MIRROR = os.environ.get("HEARTH_BED_MIRROR", "http://deb.debian.org/debian")

HOST_PACKAGES = """
    systemd systemd-sysv dbus iproute2 iputils-ping netbase procps psmisc
    docker.io docker-cli docker-compose docker-registry apache2-utils iptables nftables haproxy
    ca-certificates curl git openssh-client openssh-server openssl jq zstd age restic
    xfsprogs btrfs-progs python3-minimal libpython3-stdlib faketime
""".split()

# Nothing here is read by a person, and a half-installed tree is thrown away anyway.
_DPKG = """force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
"""

# Runs in a chroot whose /proc and /dev live in a mount name space that ends with it.
_INSTALL = """
set -eu
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
install -m 0755 /dev/stdin "$root/usr/sbin/policy-rc.d" <<'END'
#!/bin/sh
exit 101
END
[ "$(readlink -f /etc/resolv.conf)" = "$(readlink -f "$root/etc/resolv.conf")" ] ||
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get -q update
chroot "$root" apt-get -q install -y --no-install-recommends "$@"
chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root"/usr/sbin/policy-rc.d "$root"/var/log/*.log "$root"/var/log/apt
"""


def install(root, packages, *, log, prelude=""):
    """Installs packages into a tree; `prelude` is shell that runs first, where the mounts are made."""
    script = prelude + _INSTALL
    # starts: mkdir mount
    run(["sh", "-c", script, "install", root, *packages], log=log, enclosed=True)


def base():
    """Debian's smallest tree. The test images stand on it as one shared layer."""

    def build(folder):
        tree = folder / "tree"
        options = ["--variant=minbase", "--include=ca-certificates"]
        run(["debootstrap", *options, SUITE, tree, MIRROR], log="base", enclosed=True)
        (tree / "etc/dpkg/dpkg.cfg.d/bed").write_text(_DPKG)
        for waste in ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man"]:
            for path in (tree / waste).iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return cache.entry("base", cache.digest(SUITE, MIRROR, _DPKG, 1), build) / "tree"


def root(base_tree):
    """The root that hosts boot: systemd, the engine, the registry, and what a scenario needs at hand."""

    def build(folder):
        tree = folder / "tree"
        run(["cp", "-a", "--reflink=auto", base_tree, tree], log="root")
        install(tree, HOST_PACKAGES, log="root")
        _settle(tree)

    key = cache.digest(base_tree.parent.name, HOST_PACKAGES, _INSTALL, _SETTLED)
    return cache.entry("root", key, build) / "tree"


# Units that make no sense in this container: they would fail, or wait for what never comes.
_MASKED = [
    "systemd-modules-load.service",
    "systemd-networkd-wait-online.service",
    "apt-daily.timer",
    "haproxy.service",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "getty@.service",
    "console-getty.service",
]
_REGISTRY = """version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
http: {addr: "127.0.0.1:5000"}
auth:
  htpasswd: {realm: bed, path: /etc/docker/registry/htpasswd}
"""
_SETTLED = (_MASKED, _REGISTRY, 3)


def _settle(tree):
    for unit in _MASKED:
        link = tree / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    (tree / "etc/docker/registry/config.yml").write_text(_REGISTRY)
    (tree / "etc/hostname").write_text("host\n")
    (tree / "etc/machine-id").write_text("")
    (tree / "etc/resolv.conf").write_text("")
    # The tree is the lower layer of every host: no host may find another's log.
    shutil.rmtree(tree / "var/log/journal", ignore_errors=True)
