"""`python3 tests/bed`: start, enter, list and stop hosts, and run scenarios, by hand."""

import argparse
import os
import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from bed import __main__  # noqa: PLW0406

    sys.exit(__main__.main())

from . import commands, shell


def main():
    """Parses the command line, and runs the command."""
    parser = argparse.ArgumentParser(prog="python3 tests/bed", description=__doc__)
    parser.set_defaults(run=None)
    sub = parser.add_subparsers(title="commands")
    commands.add_to(sub)
    arguments = parser.parse_args()
    if arguments.run is None:
        parser.print_help()
        return 2
    if os.geteuid() != 0:
        print("error: the bed needs root: it mounts folders and boots a container", file=sys.stderr)
        return 1
    return shell.until_interrupted(lambda: arguments.run(arguments))
