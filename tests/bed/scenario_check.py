"""Checks scenarios as NixOS' test driver checks a test script before it boots anything: types and undefined names.

The driver joins the names that it gives, the shared parts and the scenario, and runs mypy and pyflakes over the whole.
Beyond that, functions without annotations are checked too, and words that hold on one kind of host alone are refused.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from . import engine, paths, scenario

DRIVER = paths.BED / "driver"
_MYPY = ["mypy", "--no-implicit-optional", "--no-color-output", "--no-error-summary", "--cache-dir=/dev/null",
         "--check-untyped-defs", "--hide-error-context", "--config-file="]  # fmt: skip
_FOUND = re.compile(r"^(?:.*/)?(\w+)\.py:(\d+):(?:\d+:)? *(.*)$")

# What holds on the bed or in the VM alone, and what to write instead.
_OF_ONE_WORLD = {
    r"/opt/|/nix/store": "the test provides paths: SOURCE, GIT, RESTIC",
    r"/usr/|(?<![\w.{}])/s?bin/(?!sh\b)": "name the program alone, or use GIT, RESTIC or /bin/sh",
    r"/etc/systemd/system(?!\.control)\b": "that is a folder of the store on NixOS: use /run/systemd/system",
    r"traefik:\d": "use the proxy's manifest",
    r"systemd-run (?!\{|--quiet --setenv=PATH)": "a unit has no programs on NixOS: use in_background()",
}


def run(_):
    """Checks all scenarios, and prints what was found and the count."""
    files = [scenario.find(name) for name in scenario.names()]
    found = faults(files)
    for name, line, words in found:
        print(f"tests/scenarios/{name}.py:{line}: {words}")
    bad = {name for name, _, _ in found}
    print(f"{len(files) - len(bad & {file.stem for file in files})} passed, {len(bad)} failed")
    return 1 if found else 0


def faults(files):
    """What is wrong in scenarios: name, line and words, in the order of the files."""
    with tempfile.TemporaryDirectory() as folder:
        joined = {file.stem: _Joined(file) for file in files}
        scripts = [Path(folder, f"{name}.py") for name in joined]
        for script, text in zip(scripts, joined.values(), strict=True):
            script.write_text(text.text)
        said = _answers([*_MYPY, *map(str, scripts)], {"MYPYPATH": str(DRIVER)})
        for script, text in zip(scripts, joined.values(), strict=True):
            script.write_text(text.without_names)
        said += _answers(["pyflakes3", *map(str, scripts)], {"PYFLAKES_BUILTINS": ",".join(driver_names())})
    found = {(*joined[name].place(int(line)), words) for name, line, words in said}
    for file in {*scenario.shared(), *files}:
        # A host that begins with Debian's engine is the bed's alone.
        if scenario.engine(file).folder == engine.CURRENT.folder:
            found.update(_of_one_world(file))
    return sorted(found)


class _Joined:
    """A scenario behind all that stands in front of it, and where each line comes from."""

    def __init__(self, file):
        given = "".join(f"{name} = {value!r}\n" for name, value in scenario.given().items())
        parts = [("names", (DRIVER / "names.py").read_text()), ("given", given)]
        parts += [(part.stem, part.read_text()) for part in (*scenario.shared(), file)]
        self.text = "".join(text if text.endswith("\n") else text + "\n" for _, text in parts)
        # The driver gives pyflakes the names alone.
        self.without_names = "\n" * parts[0][1].count("\n") + "".join(text for _, text in parts[1:])
        self.lines = [(name, number) for name, text in parts for number in range(1, len(text.splitlines()) + 1)]

    def place(self, line):
        return self.lines[min(line, len(self.lines)) - 1]


def driver_names():
    """The names that the driver gives."""
    return re.findall(r"^(\w+)(?::| =)", (DRIVER / "names.py").read_text(), re.MULTILINE)


def _answers(command, env):
    """What a tool says of places: file, line and words. Anything else that it says ends this."""
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True)
    # Notes say where something else stands.
    found = [_FOUND.match(line) for line in done.stdout.splitlines() if ": note: " not in line]
    if done.returncode not in (0, 1) or done.stderr or not all(found):
        raise SystemExit(f"error: {command[0]} ended with {done.returncode}: {done.stderr or done.stdout}")
    return [match.groups() for match in found if match]


def _of_one_world(file):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        for pattern, remedy in _OF_ONE_WORLD.items():
            if match := re.search(pattern, line):
                yield file.stem, number, f"`{match.group(0)}` does not hold on every host: {remedy}"
