"""Running programs: quietly, with a log, and so that none outlives us."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import paths

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

# Mounts live in a name space of their own and die with its last process; the process tree dies with its first one.
# So nothing has to be undone after an interrupt, however rough it was.
ENCLOSED = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]


# What runs right now, and the signal that ends it. A pool of threads waits for these, so an interrupt must end them.
running = {}


class CommandFailed(RuntimeError):
    """A program ended with an error; the message holds the end of what it printed."""


def die_with_parent():
    """For `preexec_fn`: the kernel kills this process when the thread that started it is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(command, *, log=None, enclosed=False, cwd=None, env=None, stdin=None, on_line=None):
    """Runs a program to its end. What it prints goes to the log file of that name, and into the error if it fails. With
    `on_line` that is given each line of its standard output instead of the log."""
    command = [str(word) for word in command]
    log_file = paths.LOGS / f"{log or Path(command[0]).name}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with open(log_file, "ab") as sink:
        sink.write(f"\n$ {shlex.join(command)}\n".encode())
        sink.flush()
        start = sink.tell()
        process = subprocess.Popen(
            (ENCLOSED if enclosed else []) + command,
            stdout=subprocess.PIPE if on_line else sink,
            stderr=sink,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            preexec_fn=die_with_parent,
            start_new_session=True,
        )
        running[process] = signal.SIGKILL
        try:
            for line in process.stdout or []:
                on_line(line.decode(errors="replace"))
            process.communicate(stdin.encode() if stdin is not None else None)
        finally:
            del running[process]
    if process.returncode != 0:
        raise CommandFailed(
            f"`{shlex.join(command)[:300]}` ended with {process.returncode}; {log_file} says:\n{tail(log_file, start)}"
        )


def output(command, *, stdin=None, env=None):
    """What a program prints."""
    result = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        capture_output=True,
        text=True,
        env=None if env is None else {**os.environ, **env},
        preexec_fn=die_with_parent,
    )
    if result.returncode != 0:
        raise CommandFailed(f"`{shlex.join(map(str, command))}` ended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def kill_group(process):
    """Kills a program that was started with `start_new_session`, and what it started in turn."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def end_running(seconds=20):
    """Ends what is running: politely what clears up after itself, by force the rest."""
    for process, number in list(running.items()):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + seconds
    while running and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in list(running):
        kill_group(process)


def tail(file, start=0, lines=25):
    """The last lines of a log, from byte `start` on."""
    with open(file, "rb") as source:
        source.seek(start)
        text = source.read().decode(errors="replace")
    return "\n".join("  " + line for line in text.strip().splitlines()[-lines:])


def until_interrupted(function):
    """Runs a whole program: a signal that asks it to end unwinds it, so that it clears up after itself."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return function()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except CommandFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        end_running()
