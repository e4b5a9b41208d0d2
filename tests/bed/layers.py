"""Image layers: what an installation adds to a tree, as a tar in the form that container images use."""

import os
import stat
import tarfile

from . import debian
from .shell import run

_OPAQUE = "trusted.overlay.opaque"

_OVERLAY = (
    'mkdir -p "$work/upper" "$work/work" "$1"; '
    'mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$1"\n'
)


def installed_on(lower, work, packages, log, after=""):
    """Installs packages over a tree, and returns the folder with the difference. `after` is shell, run at the end."""
    prelude = f"lower={lower}; work={work}; {_OVERLAY}"
    debian.install(work / "merged", packages, log=log, prelude=prelude)
    if after:
        script = f"set -eu; lower={lower}; work={work}; {_OVERLAY} cd $1; {after}"
        # starts: rm true
        run(["sh", "-c", script, "after", work / "merged"], log=log, enclosed=True)
    return work / "upper"


def pack(folder, archive, exclude=()):
    """Packs a tree or an overlay's upper folder. Overlay's own marks for what was removed become those of images."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if not any(name == skipped or name.startswith(skipped + "/") for skipped in exclude):
                _add(tar, path, name)


def _add(tar, path, name):
    status = path.lstat()
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
        head, _, last = name.rpartition("/")
        tar.addfile(tarfile.TarInfo(f"{head}/.wh.{last}".lstrip("/")))
        return
    if stat.S_ISSOCK(status.st_mode):
        return
    tar.add(path, arcname=name, recursive=False, filter=_without_origin)
    if stat.S_ISDIR(status.st_mode) and _is_opaque(path):
        tar.addfile(tarfile.TarInfo(f"{name}/.wh..wh..opq"))


def _without_origin(entry):
    """Drops what differs between two builds of the same content."""
    entry.mtime, entry.uname, entry.gname = 0, "", ""
    return entry


def _is_opaque(path):
    try:
        return os.getxattr(path, _OPAQUE) == b"y"
    except OSError:
        return False
