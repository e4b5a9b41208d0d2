"""The methods of the NixOS test driver, for a host of the bed.

Names and meaning follow nixpkgs, nixos/lib/test-driver: a scenario that passes here reads the same in a VM test.
"""

import contextlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .machine_units import Units
from .shell import kill_group

_UNIT = re.compile(r"\b[\w@.-]+\.(?:service|timer|target|socket|mount)\b")


_DOWN_SECONDS = 90


class RequestedAssertionFailed(AssertionError):
    """What a scenario asked for does not hold."""


def retry(fn, timeout_seconds=900):
    """Calls a function until it returns something true; it is told whether it is asked for the last time."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if fn(False):
            return
        time.sleep(0.2)
    if not fn(True):
        raise RequestedAssertionFailed(f"action timed out after {timeout_seconds} s")


class Machine(Units):
    """A host, as scenarios see it."""

    def __init__(self, container, out=sys.stdout):
        self.container, self.out = container, out
        self.name = container.name
        self._complaints = ""
        self._allow_reboot = False

    # Life

    def is_up(self):
        """Whether it runs."""
        return self.container.is_running()

    def start(self, allow_reboot=False):
        """Boots it, unless it runs. Only with `allow_reboot` can it be rebooted: a VM ends at its first reboot otherwise."""
        if self.container.is_running():
            return
        if self.container.leader is not None:
            # Booting it again would hide that, and a scenario would go on with another host than it thinks.
            raise RequestedAssertionFailed(f"{self.name} has ended, and nobody told it to")
        self._allow_reboot = allow_reboot
        self._boot()

    def shutdown(self):
        """Shuts it down in order."""
        if self.container.is_running():
            self.execute("systemctl poweroff --no-block")
            self.wait_for_shutdown()

    def wait_for_shutdown(self):
        """Waits until it has shut itself down."""
        if self.container.is_running():
            self.container.wait_until_down(_DOWN_SECONDS)

    def reboot(self):
        """Shuts it down and boots the same root again."""
        if not self._allow_reboot:
            raise RequestedAssertionFailed(f"{self.name} was started without allow_reboot=True: a VM would end here")
        with self.nested("reboot"):
            self.execute("systemctl reboot --no-block")
            self.wait_for_shutdown()
        self._boot()

    def crash(self):
        """Cuts the power: every process is killed at once."""
        self.log("crash")
        self.container.kill()

    def sleep(self, secs):
        """Lets time pass."""
        time.sleep(secs)

    # Commands

    def execute(self, command, check_return=True, check_output=True, timeout=900):
        """Runs a shell command, and returns its status and what it printed. Errors go to the log.

        Without `check_return` the status is -1; without `check_output` it is -2, and the command goes on by itself.
        """
        self.start()
        if not check_output:
            self._detach(command)
            return -2, ""
        status, printed = self._run(command, timeout)
        return status if check_return else -1, printed

    def _detach(self, command):
        inside = self.container.enter(["bash", "-c", f"set -euo pipefail; {command}"])
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(inside, start_new_session=True, **quiet)

    def _run(self, command, timeout):
        process = subprocess.Popen(
            self.container.enter(["bash", "-c", f"set -euo pipefail; {command}"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            printed, complaints = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            printed, complaints = b"", f"no end after {timeout} s".encode()
            process.returncode = 124
        except BaseException:
            kill_group(process)
            raise
        self._complaints = complaints.decode(errors="replace")
        return process.returncode, printed.decode(errors="replace")

    def succeed(self, *commands, timeout=None):
        """Runs commands that must succeed, and returns what they printed."""
        printed = ""
        for command in commands:
            with self.nested(f"must succeed: {command}"):
                status, text = self.execute(command, timeout=timeout)
                if status != 0:
                    raise self._failure(f"command `{command}` failed (exit code {status})", command, text)
                printed += text
        return printed

    def fail(self, *commands, timeout=None):
        """Runs commands that must fail, and returns what they printed."""
        printed = ""
        for command in commands:
            with self.nested(f"must fail: {command}"):
                status, text = self.execute(command, timeout=timeout)
                if status == 0:
                    raise self._failure(f"command `{command}` unexpectedly succeeded", command, text)
                printed += text
        return printed

    def wait_until_succeeds(self, command, timeout=900):
        """Repeats a command until it succeeds, and returns what it printed."""
        return self._repeat(command, timeout, lambda status: status == 0, "succeed")

    def wait_until_fails(self, command, timeout=900):
        """Repeats a command until it fails, and returns what it printed."""
        return self._repeat(command, timeout, lambda status: status != 0, "fail")

    # Waiting

    def wait_for_open_port(self, port, addr="localhost", timeout=900):
        """Waits until something listens."""
        self.wait_until_succeeds(f"exec 3<>/dev/tcp/{addr}/{port}", timeout)

    def wait_for_closed_port(self, port, addr="localhost", timeout=900):
        """Waits until nothing listens."""
        self.wait_until_fails(f"exec 3<>/dev/tcp/{addr}/{port}", timeout)

    def wait_for_file(self, filename, timeout=900):
        """Waits until a file exists."""
        self.wait_until_succeeds(f"test -e {filename}", timeout)

    def copy_from_host(self, source, target):
        """Copies a file or folder of the machine that runs the tests to the host."""
        self.start()
        inside = self.container.path(target)
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, inside, dirs_exist_ok=True) if Path(source).is_dir() else shutil.copy(source, inside)

    # Telling

    def log(self, msg):
        """Writes a line to the log of the scenario."""
        print(f"{self.name}: {msg}", file=self.out, flush=True)

    @contextlib.contextmanager
    def nested(self, msg, attrs={}):  # noqa: B006 (the driver's own signature)
        """Logs what takes time, with its seconds."""
        start = time.monotonic()
        yield
        self.log(f"{msg.splitlines()[0][:150]} ({time.monotonic() - start:.2f} s)")

    # Inside

    def _boot(self):
        with self.nested("boot"):
            self.container.boot()
            self._wait_for_systemd()

    def _repeat(self, command, timeout, good, word):
        with self.nested(f"waiting to {word}: {command}"):
            deadline, printed = time.monotonic() + timeout, ""
            while (left := deadline - time.monotonic()) > 0:
                status, printed = self.execute(command, timeout=left)
                if good(status):
                    return printed
                time.sleep(0.2)
            raise self._failure(f"command `{command}` did not {word} within {timeout} s", command, printed)

    def _failure(self, sentence, command, printed=""):
        """An error with what a person wants to see: the output, and the journal of the units involved."""
        parts = [sentence]
        if printed.strip():
            parts.append(f"output:\n{printed.rstrip()}")
        if self._complaints.strip():
            parts.append(f"errors:\n{self._complaints.rstrip()}")
        if not self.container.is_running():
            return RequestedAssertionFailed("\n".join([*parts, f"{self.name} is not running"]))
        units = {match.group() for match in _UNIT.finditer(command)}
        units.update(self.execute("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1")[1].split())
        for unit in sorted(units):
            journal = self.execute(f"journalctl --no-pager --output=short --lines=20 --unit='{unit}'")[1]
            parts.append(f"journal of {unit}:\n{journal.rstrip()}")
        return RequestedAssertionFailed("\n".join(parts))

    def _wait_for_systemd(self, timeout=60):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            # Before the bus is there, systemctl has no one to ask.
            if self.execute("test -S /run/systemd/private && systemctl is-system-running || true")[1].strip():
                return
            time.sleep(0.05)
        raise self._failure(f"{self.name} did not boot within {timeout} s", "")
