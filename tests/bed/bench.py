"""tests/bench/run: plays the files of tests/bench as scenarios, with means to measure."""

import functools
import sys

from . import measure, paths, scenario, template
from .host import host
from .progress import Progress

FOLDER = paths.TESTS / "bench"


def run(arguments):
    """Runs the benchmarks that were asked for, and prints their figures."""
    files = [file for file in sorted(FOLDER.glob("*.py")) if not arguments.names or file.stem in arguments.names]
    parts = template.build(Progress(), profile="release")
    figures = measure.Figures()
    for file in files:
        with host(parts, out=sys.stderr) as machine:
            more = {
                "cpu": functools.partial(measure.cpu, machine),
                "figure": figures.add,
                "load": lambda domain, machine=machine, **options: measure.Load(machine.container.address, domain, **options),
            }
            scenario.play(file, machine, arguments.long, sys.stderr, more)
    print(figures.table())
    return 0
