"""tests/bench/run: plays the files of tests/bench as scenarios, with means to measure."""

import functools
import os
import re
import sys
from datetime import date
from pathlib import Path

from . import figures, load, measure, paths, scenario, template
from .host import host
from .progress import Progress
from .shell import CommandFailed

FOLDER = paths.TESTS / "bench"


def run(arguments):
    """Runs the benchmarks that were asked for, and prints their figures."""
    files = [file for file in sorted(FOLDER.glob("*.py")) if not arguments.names or file.stem in arguments.names]
    if not files:
        names = ", ".join(sorted(file.stem for file in FOLDER.glob("*.py")))
        raise SystemExit(f"error: no benchmark is called {' or '.join(arguments.names)}; there are {names}")
    parts = template.build(Progress(), profile="release")
    found = figures.Figures()
    failed = False
    for file, system in [(one, system) for one in files for system in file_systems(one)]:
        try:
            with host(parts, volumes=system, gib=max(8, 5 * arguments.mib >> 10), out=sys.stderr) as machine:
                more = means(machine, found) | {"FILE_SYSTEM": system, "MIB": arguments.mib}
                scenario.play(file, machine, arguments.long, sys.stderr, more)
        except (AssertionError, CommandFailed) as error:
            failed = True
            print(f"FAILED: {file.stem}\n{error}", file=sys.stderr)
    print(f"\n{date.today()}, {shape()}\n\n{found.table()}")
    return 1 if failed else 0


def file_systems(file):
    """The file systems of volumes on each of which a benchmark asks to be run, with a line `ON = "xfs", "ext4"`."""
    asked = re.search(r'^ON = ("\w+"(?:, "\w+")*)$', file.read_text(), re.MULTILINE)
    return re.findall(r"\w+", asked.group(1)) if asked else [scenario.volumes(file)]


def means(machine, found):
    """What a benchmark can use beyond what a scenario can."""
    return {
        "cpu": functools.partial(measure.cpu, machine),
        "figure": found.add,
        "under_load": functools.partial(load.under_load, machine),
        "KEYS": paths.BED / "keys",
    }


def shape():
    """The machine that it ran on."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    memory = next(int(line.split()[1]) for line in lines if line.startswith("MemTotal:"))
    busy = os.getloadavg()[2]
    return f"{os.cpu_count()} cores, {memory / 2**20:.0f} GiB of memory, load average of 15 minutes {busy:.1f}"
