"""The systems of a host, as NixOS has them: one that boots, and beside it those that a scenario switches to.

A system is a folder in /nix/store with what /etc leads to, `activate`, `init` and `bin/switch-to-configuration`. The first
generation is what the modules evaluate to; a file `tests/scenarios/NAME.nix` declares more under `specialisation`, at the
same paths as on NixOS.
"""

import hashlib
import json
import shutil
from pathlib import Path

from . import paths

SPECIALISATIONS = paths.BED / "rendered-specialisations"
# Where the programs of the host's activation lie.
_PROGRAMS = "opt/hearth-bed"
_STORE = "nix/store"
_BASE = "hearth-bed-system"
_UNITS = "etc/systemd/system"
# Debian's own units that a system brings along, so that a switch compares and starts them as it does on NixOS.
_OWN = ("*.target", "docker.service", "docker.socket")
_RUN = "exec python3 -c \"import sys; sys.path.insert(0, '/{programs}'); from switch import {module}; {call}\" {arguments}"
_REACTIVATION = "[Unit]\nDescription=Reactivate sysinit units\n"
_INIT = """#!/bin/sh
# The second stage of a boot: the system of the boot becomes the current one before systemd reads a unit.
/{system}/activate boot && ln -sfn /{system} /run/booted-system
exec /lib/systemd/systemd "$@"
"""


def names(scenario):
    """The systems that a scenario switches to."""
    folder = SPECIALISATIONS / scenario if scenario else None
    return sorted(path.name for path in folder.iterdir()) if folder and folder.is_dir() else []


def manifests(scenario):
    """The manifests of apps that differ in these systems, by system and app."""
    found = {}
    for name in names(scenario):
        for file in (SPECIALISATIONS / scenario / name / "etc/hearth/apps").glob("*.json"):
            found[name, file.stem] = json.loads(file.read_text())
    return found


def install(root, scenario=None, hearth=True, without=lambda path: False):
    """Makes the systems in a root folder and lets it boot the first. What is in /etc/systemd/system becomes a part of all.

    Without `hearth` they are Debian's own; what `without` says of a rendered file is left out."""
    root.copy_tree(paths.BED / "switch", f"{_PROGRAMS}/switch")
    own = _own_units(root)
    rendered = paths.RENDERED if hearth else None
    _make(root, _BASE, own, [rendered] if rendered else [], without)
    for name in names(scenario) if hearth else []:
        _make(root, f"{_BASE}-{name}", own, [rendered, SPECIALISATIONS / scenario / name], without)
        root.link(f"{_STORE}/{_BASE}/specialisation/{name}", f"/{_STORE}/{_BASE}-{name}")
    profiles = "nix/var/nix/profiles"
    root.link(f"{profiles}/system-1-link", f"/{_STORE}/{_BASE}")
    root.link(f"{profiles}/system", "system-1-link")
    root.link("boot/default-system", f"/{_STORE}/{_BASE}")
    shutil.rmtree(root.upper / _UNITS, ignore_errors=True)
    root.link(_UNITS, "/etc/static/systemd/system")
    root.link("etc/docker/daemon.json", "/etc/static/docker/daemon.json")
    root.write("etc/NIXOS", "")
    _program(root, "usr/local/sbin/nix-env", "nix_env", "nix_env.main()", '"$@"')


def _make(root, name, own, layers, without):
    """One system, of Debian's units and the rendered files; what a later layer has takes the place of an earlier one's."""
    system = f"{_STORE}/{name}"
    for inside, source in own.items():
        _copy(root, source, f"{system}/{_UNITS}/{inside}")
    root.write(f"{system}/{_UNITS}/sysinit-reactivation.target", _REACTIVATION)
    for layer in layers:
        root.copy_tree(layer / "units", f"{system}/{_UNITS}", without=without)
        root.copy_tree(layer / "etc", f"{system}/etc", without=without)
        for gone in (layer / "removed").read_text().split() if (layer / "removed").exists() else []:
            part, inside = gone.split("/", 1)
            (root.upper / system / (_UNITS if part == "units" else part) / inside).unlink(missing_ok=True)
    checks = root.upper / system / "etc/hearth/bed/pre-switch-checks"
    root.copy_tree(checks, f"{system}/pre-switch-checks", mode=0o755)
    _declare_without(root, f"{system}/etc/hearth/undeclared.json", without)
    _settle_engine(root, system)
    _program(root, f"{system}/activate", "activate", "activate.main()", f'/{system} "$@"')
    _program(root, f"{system}/bin/switch-to-configuration", "__main__", "sys.exit(__main__.main())", f'/{system} "$@"')
    root.write(f"{system}/init", _INIT.format(system=system), 0o755)


def _declare_without(root, file, without):
    """The list of declared apps, without those whose manifests were left out."""
    if (root.upper / file).exists():
        listed = json.loads((root.upper / file).read_text())
        listed["apps"] = {name: app for name, app in listed["apps"].items() if not without(Path(f"{name}.json"))}
        root.write(file, json.dumps(listed, indent=2) + "\n")


def _settle_engine(root, system):
    """The engine's settings: the template's, with those that the modules declare; other ones make it another unit."""
    declared = root.upper / system / "etc/hearth/bed/daemon.json"
    settings = json.loads(root.find("etc/docker/daemon.json").read_text())
    if declared.exists():
        settings.update(json.loads(declared.read_text()))
    text = json.dumps(settings, sort_keys=True)
    root.write(f"{system}/etc/docker/daemon.json", text)
    unit = root.upper / system / _UNITS / "docker.service"
    trigger = f"[Unit]\nX-Restart-Triggers={hashlib.sha256(text.encode()).hexdigest()[:12]}\n"
    root.write(str(unit.relative_to(root.upper)), f"{unit.read_text()}\n{trigger}")


def _own_units(root):
    """Debian's units by their place in /etc/systemd/system, those that are written for this host last."""
    library = root.find("usr/lib/systemd/system")
    found = {path.name: path for pattern in _OWN for path in library.glob(pattern) if not path.is_symlink()}
    for layer in [*reversed(root.lowers), root.upper]:
        folder = layer / _UNITS
        for path in folder.rglob("*"):
            if path.is_symlink() or path.is_file():
                found[str(path.relative_to(folder))] = path
    # The programs outlive the folder that the files are taken from.
    return {inside: (path.readlink() if path.is_symlink() else path.read_bytes()) for inside, path in found.items()}


def _copy(root, source, name):
    if isinstance(source, Path):
        root.link(name, str(source))
    else:
        root.write(name, source.decode())


def _program(root, name, module, call, arguments):
    line = _RUN.format(programs=_PROGRAMS, module=module, call=call, arguments=arguments)
    root.write(name, f"#!/bin/sh\n{line}\n", 0o755)
