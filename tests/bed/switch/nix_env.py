"""nix-env -p PROFILE {--set SYSTEM | --rollback}: which system is the newest generation, or the one before again."""

import argparse
import re
from pathlib import Path

from .activate import link


def main():
    """Parses the command line, and moves the profile's link."""
    parser = argparse.ArgumentParser(prog="nix-env", description=__doc__)
    parser.add_argument("-p", "--profile", type=Path, required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--set", type=Path, metavar="SYSTEM")
    what.add_argument("--rollback", action="store_true")
    arguments = parser.parse_args()
    profile = arguments.profile
    number = add(profile, arguments.set.resolve(strict=True)) if arguments.set else _before(profile)
    link(profile, _named(profile, number).name)


def add(profile, system):
    """Makes a system a generation, and returns its number; the current one is not made again."""
    current = _current(profile)
    if current and _named(profile, current).readlink() == system:
        return current
    number = max(_numbers(profile), default=0) + 1
    link(_named(profile, number), system)
    return number


def _before(profile):
    older = [number for number in _numbers(profile) if number < _current(profile)]
    if not older:
        raise SystemExit("error: no profile version older than the current exists")
    return max(older)


def _current(profile):
    return int(profile.readlink().name.split("-")[-2]) if profile.is_symlink() else 0


def _numbers(profile):
    found = (re.fullmatch(rf"{profile.name}-(\d+)-link", path.name) for path in profile.parent.glob(f"{profile.name}-*"))
    return [int(match.group(1)) for match in found if match]


def _named(profile, number):
    return profile.with_name(f"{profile.name}-{number}-link")
