"""Runs a scenario file with the names that the NixOS test driver gives it."""

import ast
import contextlib
import json
import re
import sys
import time
import traceback
from pathlib import Path
from unittest import TestCase

from . import engine as engines, paths, programs
from .host import host
from .machine import retry

# What the VM test of the same scenario gives it, too; `_given.json` says what each is.
_GIVEN = {
    "LONG": False,
    "SOURCE": "/opt/hearth/src",
    "GIT": "/usr/bin/git",
    "RESTIC": "/usr/bin/restic",
    "REGISTRY_FOLDER": "/var/lib/docker-registry",
    "REGISTRY_LOGINS": "/etc/docker/registry/htpasswd",
}


class ScenarioFailed(AssertionError):
    """A scenario did not hold; the message says where and why."""


def find(name):
    """The file of a scenario."""
    file = Path(name) if name.endswith(".py") else paths.SCENARIOS / f"{name}.py"
    if not file.is_file():
        raise SystemExit(f"error: there is no scenario {name}; there are {', '.join(names())}")
    return file


def names():
    """All scenarios. A name that starts with an underscore is a part that scenarios share."""
    return sorted(file.stem for file in paths.SCENARIOS.glob("[!_]*.py"))


def shared():
    """The parts that stand in front of every scenario."""
    return sorted(paths.SCENARIOS.glob("_*.py"))


def run(name, template, *, long=False, out=sys.stdout):
    """Runs one scenario on a host of its own."""
    file = find(name)
    with host(
        template, volumes=volumes(file), apps=apps(file), scenario=file.stem, warm=is_warm(file), engine=engine(file), out=out
    ) as machine:
        if template.helpers:
            programs.restrict(machine.container)
        play(file, machine, long, out)


def volumes(file):
    """The file system that a scenario asks for with a line `VOLUMES = "xfs"` or `"btrfs"`; `None` for the host's own."""
    asked = re.search(r'^VOLUMES = "(xfs|btrfs)"$', file.read_text(), re.MULTILINE)
    return asked.group(1) if asked else None


def apps(file):
    """The apps, by name, that a scenario needs, from a line `APPS = {"hello": "hello.example.org"}`; without one `None`
    for all. The host gets no other, which spares it their starts and their health checks."""
    named = re.search(r"^APPS = (\{.*\})$", file.read_text(), re.MULTILINE)
    return list(ast.literal_eval(named.group(1))) if named else None


def is_warm(file):
    """Whether the engine may have the images of the first boot already: a line `IMAGES = "pulled"` says that all of
    them come over the network, as on a new host."""
    return not re.search(r'^IMAGES = "pulled"$', file.read_text(), re.MULTILINE)


def given(long=False):
    """The variables that a test provides to its scenario, which has no path or program of one kind of host in it."""
    listed = set(json.loads((paths.SCENARIOS / "_given.json").read_text()))
    if listed != set(_GIVEN):
        raise SystemExit(f"error: tests/scenarios/_given.json and the bed differ in {', '.join(sorted(listed ^ set(_GIVEN)))}")
    return {**_GIVEN, "LONG": long}


def engine(file):
    """The engine that a scenario asks for with lines `ENGINE = "debian"`, `LOG_DRIVER = "json-file"` and
    `STORE = "classic"`."""
    text = file.read_text()
    kind = re.search(r'^ENGINE = "(debian)"$', text, re.MULTILINE)
    logs = re.search(r'^LOG_DRIVER = "(json-file)"$', text, re.MULTILINE)
    store = re.search(r'^STORE = "(classic)"$', text, re.MULTILINE)
    return engines.named(*(found and found.group(1) for found in (kind, logs, store)))


def play(file, machine, long=False, out=sys.stdout, more=None):
    """Runs a scenario file on a host. `LONG` tells it whether to take its time."""

    @contextlib.contextmanager
    def subtest(title):
        print(f"subtest: {title}", file=out, flush=True)
        start = time.monotonic()
        try:
            yield
        except Exception as error:
            print(f"subtest: {title}: FAILED", file=out, flush=True)
            raise ScenarioFailed(f"{title}:\n{error}\nat {_place(error, file)}") from error
        print(f"subtest: {title}: passed ({time.monotonic() - start:.1f} s)", file=out, flush=True)

    names = {**_driver_names(machine, subtest), **given(long), **(more or {})}
    try:
        for part in (*shared(), file):
            exec(compile(part.read_text(), str(part), "exec"), names)
    except ScenarioFailed:
        raise
    except Exception as error:
        raise ScenarioFailed(f"{error}\nat {_place(error, file)}") from error


def _driver_names(machine, subtest):
    """What NixOS' test driver gives to a test script; `driver/names.py` has their types."""
    return {
        "host": machine, "machine": machine, "start_all": machine.start, "join_all": machine.wait_for_shutdown,
        "subtest": subtest, "retry": retry, "serial_stdout_off": lambda: None, "serial_stdout_on": lambda: None, "t": TestCase(),
    }  # fmt: skip


def _place(error, file):
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file.name}:{frames[-1].lineno}" if frames else file.name
