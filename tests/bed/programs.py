"""The programs that a scenario may call by name: those that a VM test has in its PATH too, and no others.

`tests/scenarios/_programs.json` lists Debian's packages with the attribute of nixpkgs that the VM installs for each, and
`null` where every NixOS host with Hearth has it.
"""

import json
import re
from pathlib import Path

from . import paths

FOLDER = "opt/scenario/bin"
_COMMAND = re.compile(r"^(?:/usr)?(/s?bin/([^/\n]+))$", re.MULTILINE)


def packages():
    """Debian's packages whose programs a scenario may call."""
    return list(json.loads((paths.SCENARIOS / "_programs.json").read_text()))


def restrict(container):
    """Has commands in a host that is not booted find Hearth's helpers and these programs, and nothing else."""
    root = next(lower for lower in container.lowers if (lower / "var/lib/dpkg/info").is_dir())
    folder = container.folder / "upper" / FOLDER
    folder.mkdir(parents=True)
    for name, target in commands(root).items():
        (folder / name).symlink_to(target)
    container.environment["PATH"] = f"/opt/hearth/bin:/usr/local/sbin:/{FOLDER}"


def commands(root):
    """Where each program lies in a Debian root, by its name."""
    found = {}
    for package in packages():
        listed = [*(root / "var/lib/dpkg/info").glob(f"{package}.list"), *(root / "var/lib/dpkg/info").glob(f"{package}:*.list")]
        if not listed:
            raise SystemExit(f"error: tests/scenarios/_programs.json names {package}, and hosts of the bed have no such package")
        found.update((name, f"/usr{path}") for path, name in _COMMAND.findall(listed[0].read_text()))
    return found | _alternatives(root, set(found))


def _alternatives(root, known):
    """Names that Debian's alternatives give to these programs, as `awk` is one of mawk."""
    found = {}
    for link in (path for folder in ("bin", "sbin") for path in (root / "usr" / folder).iterdir() if path.is_symlink()):
        target = str(link.readlink())
        if target.startswith("/etc/alternatives/") and Path(root, target[1:]).readlink().name in known:
            found[link.name] = str(Path(root, target[1:]).readlink())
    return found
