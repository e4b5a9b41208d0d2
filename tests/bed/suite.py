"""tests/run: every check, its result, and one closing line."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import paths, scenario, template
from .progress import Progress
from .shell import CommandFailed, die_with_parent, running

_HELLO = paths.TESTS / "apps/hello"
# They begin first, the longest before the others, so that none of them is left alone at the end.
_LONG_SCENARIOS = (
    "page_audit", "upgrades_engine", "switches_under_way", "switches", "undeclared", "deploys", "killed", "migrations", "drill",
    "blue_green", "goes_back", "engine_stops", "snapshots", "clock", "bad_days", "broken_images", "unchanged", "rolls_back",
)  # fmt: skip
_CARGO_RESULT = re.compile(r"^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
_CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
_SKIP_LINE = re.compile(r"^skipped: (.*)$", re.MULTILINE)


@dataclass
class Result:
    """What came of one check."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)
    log: str = ""


@dataclass
class Check:
    """A program to run. Its exit code decides; where it counts tests itself, its counts are taken."""

    name: str
    command: list[str]
    cwd: object = paths.REPO
    counts: re.Pattern | None = None

    def run(self):
        """Runs it to the end."""
        start = time.monotonic()
        log = paths.LOGS / f"check-{re.sub(r'[^a-z0-9]+', '-', self.name)}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "wb") as sink:
            process = subprocess.Popen(
                self.command, cwd=self.cwd, stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent, start_new_session=True,
            )  # fmt: skip
            # A scenario clears up after itself when it is asked to end.
            running[process] = signal.SIGTERM
            try:
                status = process.wait()
            finally:
                del running[process]
        result = self._result(status, log.read_text(errors="replace"))
        result.seconds = time.monotonic() - start
        return result

    def _result(self, status, log):
        passed = failed = skipped = 0
        for found in self.counts.finditer(log) if self.counts else []:
            numbers = [int(number or 0) for number in found.groups()]
            passed, failed, skipped = passed + numbers[0], failed + numbers[1], skipped + numbers[2]
        if passed + failed + skipped == 0:
            passed = 1 if status == 0 else 0
        if status != 0 and failed == 0:
            failed = 1
        return Result(self.name, passed, failed, skipped, reasons=_SKIP_LINE.findall(log), log=log)


def compiled_checks(long):
    """The checks that need the compiler, in the order in which each finds most work done by the one before."""
    both_ways = ["cargo", "test", "--locked", "--package", "sops", "--test", "both_ways", "--", "--long"]
    tests = ["cargo", "test", "--locked", "--workspace", "--no-fail-fast"]
    clippy = ["cargo", "clippy", "--locked", "--all-targets", "--", "-D", "warnings"]
    # What a person or a unit runs ends with a sentence, and prints strangers' words without what a terminal obeys. Tests and
    # fuzz targets may end as they like.
    refused = ("unwrap_used", "expect_used", "panic", "todo", "unimplemented", "unreachable", "print_stdout", "print_stderr")
    panics = [f"-Dclippy::{lint}" for lint in refused]
    shipped = ["cargo", "clippy", "--locked", "--workspace", "--exclude", "fuzz", "--lib", "--bins", "--", *panics]
    # Here is all that tests need: none may be skipped for want of it.
    must_run = ["env", "HEARTH_TESTS_MUST_RUN=1"]
    sandbox = Check("builds in Nix's sandbox", [str(paths.TESTS / "eval/build")], counts=_CLOSING_LINE)
    return [
        Check("format", ["cargo", "fmt", "--all", "--check"], paths.HELPERS),
        Check("length of files", [str(paths.BED / "lengths")]),
        Check("number of crates", [str(paths.BED / "crates")]),
        Check("format of hello", ["cargo", "fmt", "--check"], _HELLO),
        Check("tests of the helpers", [*must_run, *tests], paths.HELPERS, _CARGO_RESULT),
        # The short form of it is among the tests of the helpers, which take no such word.
        *([Check("1,000 documents of each format with sops itself", both_ways, paths.HELPERS)] if long else []),
        Check("fuzzing", [str(paths.HELPERS / "fuzz/run"), *(["60"] if long else [])], paths.HELPERS / "fuzz", _CLOSING_LINE),
        Check("tests of hello", ["cargo", "test", "--locked"], _HELLO, _CARGO_RESULT),
        Check("clippy", [*clippy[:3], "--workspace", *clippy[3:]], paths.HELPERS),
        Check("no panic and no raw printing in what is shipped", shipped, paths.HELPERS),
        Check("clippy of hello", clippy, _HELLO),
        Check("style of Nix", bed("style", "Nix"), counts=_CLOSING_LINE),
        *([sandbox] if long else []),
    ]  # fmt: skip


def other_checks():
    """The checks that need neither the compiler nor a host with Hearth on it."""
    checks = [
        Check("types and names of the scenarios", bed("check-scenarios"), counts=_CLOSING_LINE),
        Check("style of shell", bed("style", "shell"), counts=_CLOSING_LINE),
        Check("style of Python", bed("style", "Python"), counts=_CLOSING_LINE),
        Check("programs that tests start", bed("requirements"), counts=_CLOSING_LINE),
        Check("a new machine", bed("fresh"), counts=_CLOSING_LINE),
        Check("the pooler's script", [str(paths.TESTS / "pooler")], counts=_CLOSING_LINE),
    ]
    if (paths.TESTS / "eval/run").exists():
        checks.append(Check("evaluation of the modules", [str(paths.TESTS / "eval/run")], counts=_CLOSING_LINE))
    return checks


def bed(*words):
    """A command of the bed."""
    return [sys.executable, str(paths.BED), *words]


def scenario_checks(parts_file, long):
    """One check a scenario, on a host of its own."""
    options = ["--long"] if long else []
    command = bed("run", "--template", str(parts_file), *options)
    names = [*_LONG_SCENARIOS, *(name for name in scenario.names() if name not in _LONG_SCENARIOS)]
    return [Check(f"scenario {name}", [*command, name]) for name in names]


def bed_checks(parts_file):
    """The tests of the bed itself, and the command that shows it to a newcomer."""
    selftest = Check("the bed itself", bed("selftest", "--template", str(parts_file)), counts=_CLOSING_LINE)
    return [Check("tests/try", [str(paths.TESTS / "try")]), selftest]


def run(arguments):
    """Runs the checks that were asked for, and prints the closing line."""
    start = time.monotonic()
    parts_file = paths.CACHE / "template.json"

    def wanted(checks):
        return [check for check in checks if not arguments.names or any(word in check.name for word in arguments.names)]

    compiled, other = wanted(compiled_checks(arguments.long)), wanted(other_checks())
    hosted = wanted([*bed_checks(parts_file), *scenario_checks(parts_file, arguments.long)])
    if arguments.list:
        print("\n".join(check.name for check in [*compiled, *other, *hosted]))
        return 0
    results = _run_all(compiled, other, hosted, parts_file)
    return _close(results, time.monotonic() - start)


def _run_all(compiled, other, hosted, parts_file):
    progress, results = Progress(), []

    def one(check):
        with progress.step(check.name):
            result = check.run()
        if result.failed:
            progress.say(f"          {check.name}: {result.failed} FAILED")
        results.append(result)

    waiting, compiling, evaluating = deque(), deque(compiled), deque(other)

    def in_turn(*queues):
        for queue in queues:
            while check := _next(queue):
                one(check)

    # A host waits more than it works, but one that waits for the others is late where a gate counts seconds.
    hosts = max(3, os.cpu_count() or 2)
    lanes = ThreadPoolExecutor(max_workers=hosts + 2)
    try:
        pending = []
        try:
            # Alone at first: the hosts are the long way, and leave room for compilers.
            if hosted:
                template.build(progress, warm=True).save(parts_file)
            waiting.extend(hosted)
            pending += [lanes.submit(in_turn, waiting) for _ in range(hosts)]
        except (CommandFailed, AssertionError) as error:
            results.append(Result("template of the hosts", failed=1, log=str(error)))
        # When all is compiled or evaluated, its share of the processors is free for one more host.
        pending += [lanes.submit(in_turn, queue, waiting) for queue in (compiling, evaluating)]
        for future in pending:
            future.result()
    finally:
        for queue in (waiting, compiling, evaluating):
            queue.clear()
        lanes.shutdown(wait=False)
    return results


def _next(queue):
    try:
        return queue.popleft()
    except IndexError:
        return None


def story(log, lines=60):
    """The end of a log. A scenario's reason comes before what led to it: who reads but the first lines knows the cause."""
    before, mark, reason = log.strip().rpartition("\nFAILED: ")
    if not mark:
        return log.strip().splitlines()[-lines:]
    reason = reason.splitlines()[1:]
    before = before.splitlines()[-max(lines - len(reason), lines // 3) :]
    return [*reason[:lines], "before it:", *before]


def _close(results, seconds):
    for result in results:
        for reason in result.reasons:
            print(f"skipped: {result.name}: {reason}")
    for result in (result for result in results if result.failed):
        print(f"\nFAILED: {result.name}")
        print("\n".join("    " + line for line in story(result.log)))
    passed, failed, skipped = (sum(getattr(result, kind) for result in results) for kind in ("passed", "failed", "skipped"))
    print(f"\n{seconds:.0f} s in all; logs in {paths.LOGS}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1
