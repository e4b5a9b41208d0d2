"""Docker as NixOS ships it now, compiled from Go modules at the versions that `docker/go.sum` pins.

Debian's own packages stay beside it: they are the engine that a host is upgraded from. All programs share one module and
one set of flags, so that the compiler meets what they have in common once.
"""

import shutil

from . import cache, golang, paths

SOURCE = paths.BED / "docker"
# Where it lies on a host. A host says which engine it runs, not the tree below it.
FOLDER = "/opt/docker"
_CONTAINERD = "github.com/containerd/containerd/v2"
_MOBY = "github.com/moby/moby/v2"
_CLI = "github.com/docker/cli"
# With the journal's own library, as distributions compile it: without it the engine cannot read a container's log back.
# Left out are parts that nothing here asks for: file systems that the hosts do not have, Kubernetes' interface.
_TAGS = (
    "netgo osusergo seccomp journald exclude_graphdriver_btrfs exclude_graphdriver_zfs "
    "no_embedded_containerd no_cri no_btrfs no_zfs no_devmapper"
)
# The client has no go.mod, which the compiler takes for the language of long ago.
_COMPILER = f"{_CLI}/...=-lang=go1.26"


def version():
    """The release of Docker. The engine's module counts otherwise than its releases: go.mod's client is of the same day."""
    return _required(_CLI).removesuffix("+incompatible")


def _required(module):
    words = (SOURCE / "go.mod").read_text().split()
    return words[words.index(module, words.index("require")) + 1].removeprefix("v")


def _programs():
    """Each package with what the linker writes into it."""
    return {
        f"{_MOBY}/cmd/dockerd": f"-X {_MOBY}/dockerversion.Version={version()}",
        f"{_MOBY}/cmd/docker-proxy": "",
        f"{_CLI}/cmd/docker": f"-X {_CLI}/cli/version.Version={version()}",
        f"{_CONTAINERD}/cmd/containerd": f"-X {_CONTAINERD}/version.Version={_required(_CONTAINERD)}",
        f"{_CONTAINERD}/cmd/containerd-shim-runc-v2": "",
        "github.com/opencontainers/runc": "",
    }


def layer():
    """The folder that, laid over the root, holds the programs."""

    def build(folder):
        for name in ("go.mod", "go.sum"):
            shutil.copy(SOURCE / name, folder)
        programs = folder / "tree" / FOLDER.lstrip("/")
        programs.mkdir(parents=True)
        for package, flags in _programs().items():
            binary = programs / package.rpartition("/")[2]
            golang.build(package, binary, folder, "docker", tags=_TAGS, flags=flags, compiler=_COMPILER, libraries=True)

    return cache.entry("docker", cache.digest(*cache.tree_files(SOURCE), _TAGS, _COMPILER, _programs()), build) / "tree"
