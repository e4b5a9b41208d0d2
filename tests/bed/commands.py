"""The commands of `python3 tests/bed`."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from . import bench, fresh, scenario, scenario_check, selftest, slot as slots, style, suite, template, tryout
from .host import host
from .requirements import selftest as required
from .shell import CommandFailed

_SHELL_ENV = ["TERM=" + os.environ.get("TERM", "xterm"), "HOME=/root", "LANG=C.UTF-8",
              "PATH=/opt/hearth/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"]  # fmt: skip


def add_to(sub):
    """Declares them."""
    start = sub.add_parser("start", help="boot a host and leave it up")
    start.add_argument("--bare", action="store_true", help="without Hearth's helpers")
    start.add_argument("--volumes", choices=["xfs", "btrfs"], help="file system of /var/lib/docker/volumes")
    start.set_defaults(run=_start)
    run = sub.add_parser("run", help="run scenarios, each on a host of its own")
    run.add_argument("names", nargs="+", help="names in tests/scenarios, or files")
    run.add_argument("--bare", action="store_true", help="without Hearth's helpers")
    run.add_argument("--long", action="store_true", help="more repetitions, longer soaks")
    run.add_argument("--template", type=Path, help=argparse.SUPPRESS)
    run.set_defaults(run=_run)
    check = sub.add_parser("check-scenarios", help="types and names of all scenarios, as NixOS' test driver checks them")
    check.set_defaults(run=scenario_check.run)
    enter = sub.add_parser("enter", help="a shell, or a command, on a running host")
    enter.add_argument("host", nargs="?", help="its slot, when several run")
    enter.add_argument("command", nargs=argparse.REMAINDER, help="the command; a shell without one")
    enter.set_defaults(run=_enter)
    sub.add_parser("list", help="the running hosts").set_defaults(run=_list)
    stop = sub.add_parser("stop", help="stop hosts that were left up, and sweep what was left behind")
    stop.add_argument("hosts", nargs="*", help="their slots; without one, all that were left up")
    stop.set_defaults(run=_stop)
    try_ = sub.add_parser("try", help="what tests/try runs")
    try_.add_argument("--keep", action="store_true")
    try_.add_argument("--clean", action="store_true")
    try_.set_defaults(run=tryout.run)
    suite_ = sub.add_parser("suite", help="what tests/run runs")
    suite_.add_argument("--long", action="store_true")
    suite_.add_argument("--list", action="store_true")
    suite_.add_argument("names", nargs="*")
    suite_.set_defaults(run=suite.run)
    bench_ = sub.add_parser("bench", help="what tests/bench/run runs")
    bench_.add_argument("--long", action="store_true")
    bench_.add_argument("--mib", type=int, default=2048, help="size of the volume that is copied")
    bench_.add_argument("names", nargs="*")
    bench_.set_defaults(run=bench.run)
    selftest_ = sub.add_parser("selftest", help="the tests of the bed itself")
    selftest_.add_argument("--template", type=Path, help=argparse.SUPPRESS)
    selftest_.set_defaults(run=selftest.run)
    requirements = sub.add_parser("requirements", help="check that only programs of the table are started on this machine")
    requirements.set_defaults(run=required.run)
    fresh_ = sub.add_parser("fresh", help="check that a new machine gets all programs of the table")
    fresh_.set_defaults(run=fresh.run)
    style_ = sub.add_parser("style", help="check the style of the Nix files, the shell files or the Python files")
    style_.add_argument("language", choices=list(style.LANGUAGES))
    style_.add_argument("--fix", action="store_true", help="write the files as they should be, as far as the tools can")
    style_.set_defaults(run=style.run)
    sub.add_parser("build", help="build the template").set_defaults(run=lambda _: template.build() and 0)


def _start(arguments):
    with host(template.build(helpers=not arguments.bare), volumes=arguments.volumes, keep=True) as machine:
        machine.start()
        state = machine.execute("timeout 30 systemctl is-system-running --wait || systemctl is-system-running")[1].split()
        number = machine.container.slot.zone
        print(f"up, {state[-1]}: {number} at {machine.container.address}\n  enter: python3 tests/bed enter {number}\n"
              "  stop:  python3 tests/bed stop")  # fmt: skip
    return 0


def _run(arguments):
    parts = template.load(arguments.template) if arguments.template else template.build(helpers=not arguments.bare, warm=True)
    parts.helpers = None if arguments.bare else parts.helpers
    failed = 0
    for name in arguments.names:
        try:
            scenario.run(name, parts, long=arguments.long)
            print(f"passed: {name}")
        except (AssertionError, CommandFailed) as error:
            failed += 1
            print(f"FAILED: {name}\n{error}", file=sys.stderr)
    return 1 if failed else 0


def _enter(arguments):
    records = [record for record in slots.claimed() if "leader" in record]
    wanted = [record for record in records if arguments.host in (None, f"hb{record['slot']}")]
    if len(wanted) != 1:
        running = ", ".join(f"hb{record['slot']}" for record in records) or "none"
        print(f"error: {len(wanted)} hosts match; running: {running}", file=sys.stderr)
        return 1
    command = arguments.command or ["bash", "-l"]
    leader = str(wanted[0]["leader"])
    return subprocess.call(["nsenter", "-t", leader, "-a", "env", "-i", *_SHELL_ENV, *command])


def _list(_):
    for record in slots.claimed():
        print(f"hb{record['slot']}  {record.get('address', '-'):15}  leader {record.get('leader', '-')}  {record['folder']}")
    return 0


def _stop(arguments):
    for record in slots.claimed():
        # A host that a running scenario uses is stopped only by name.
        if f"hb{record['slot']}" in arguments.hosts or not arguments.hosts and record.get("kept"):
            slots.stop(record)
            print(f"stopped hb{record['slot']}")
    slots.sweep()
    return 0
