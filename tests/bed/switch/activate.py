"""Makes a system the current one, as NixOS' activation script does: /etc leads into it through /etc/static."""

import os
import sys
from pathlib import Path

ETC, STATIC = Path("/etc"), Path("/etc/static")
CURRENT = Path("/run/current-system")
# In /etc one link leads to the whole folder.
_WHOLE = Path("systemd/system")


def activate(system, boot=False):
    """From now on the host sees the files of this system; at a boot what a scenario put in place of a link stays."""
    link(STATIC, system / "etc")
    wanted = {_WHOLE}
    for file in (system / "etc").rglob("*"):
        inside = file.relative_to(system / "etc")
        if not inside.is_relative_to(_WHOLE) and not file.is_dir():
            wanted.add(inside)
    for inside in wanted:
        if not boot or (ETC / inside).is_symlink() or not (ETC / inside).exists():
            link(ETC / inside, STATIC / inside)
    for folder in {ETC / inside.parts[0] for inside in wanted}:
        _forget(folder)
    link(CURRENT, system)


def main():
    """activate SYSTEM [boot]"""
    activate(Path(sys.argv[1]), boot=sys.argv[2:] == ["boot"])


def _forget(folder):
    """Removes the links to what the system before had and this one has not."""
    for path in folder.rglob("*"):
        if path.is_symlink() and str(path.readlink()).startswith(f"{STATIC}/") and not os.path.lexists(path.readlink()):
            path.unlink()


def link(path, target):
    """A symbolic link that is there at every moment, in place of whatever file was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.tmp")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(path)
