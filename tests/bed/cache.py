"""What is built once and kept: each entry is a folder named for a digest of everything it was made from."""

import fcntl
import hashlib
import inspect
import os
import shutil
import time
from pathlib import Path

from . import paths

_LATELY = 2 * 60 * 60


def digest(*inputs):
    """A digest of files (by content), modules (by source) and anything else (by its `repr`)."""
    sum_ = hashlib.sha256()
    for item in inputs:
        if isinstance(item, Path):
            sum_.update(item.read_bytes())
        elif inspect.ismodule(item):
            sum_.update(Path(item.__file__).read_bytes())
        else:
            sum_.update(repr(item).encode())
        sum_.update(b"\0")
    return sum_.hexdigest()[:12]


def tree_files(folder):
    """The files of a source tree in a fixed order, without what a build leaves there."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "target" not in path.parts)


def entry(name, key, build):
    """The folder `name-key` of the cache; `build(folder)` fills it if it is not there yet.

    An interrupted build leaves no entry: it works in a folder of another name, which is renamed at the end. Two
    builders of one entry wait for each other.
    """
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    final = paths.CACHE / f"{name}-{key}"
    with open(paths.CACHE / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.exists():
            draft = paths.CACHE / f".{name}-draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            build(draft)
            draft.rename(final)
        os.utime(final)
    return final


def in_use():
    """Entries that a running host stands on."""
    mounts = Path("/proc/mounts").read_text()
    for lock in paths.HOSTS.glob("*/lowers"):
        mounts += lock.read_text()
    return mounts


def prune(keep):
    """Removes entries that nothing names any more: superseded ones, unless a host stands on them, or was lately to.

    Another clone of the repository may be at its compiler, with its entries made and its host not booted yet.
    """
    kept, used = {path.name for path in keep}, in_use()
    names = {name.rsplit("-", 1)[0] for name in kept}
    for path in paths.CACHE.iterdir():
        stale = path.name not in kept and path.name.rsplit("-", 1)[0] in names
        if stale and path.is_dir() and not path.name.startswith(".") and str(path) not in used and _is_old(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_old(path):
    try:
        return path.stat().st_mtime < time.time() - _LATELY
    except FileNotFoundError:
        return False
