"""A slot: the number from which a host's name, bridge, addresses and folders are made.

A slot is claimed by a lock on a file, which dies with whoever holds it. So whatever exists of a slot that nobody
claims was left by someone killed, and is removed before the slot is used again.
"""

import fcntl
import json
import os
import shutil
import signal
import time
from pathlib import Path

from . import paths
from .shell import CommandFailed, output

_SLOTS = range(1, 100)


class Slot:
    """A claimed slot."""

    def __init__(self, number, lock):
        self.number, self.lock = number, lock
        self.zone = f"hb{number}"
        self.bridge = f"vz-{self.zone}"
        self.network = f"10.123.{number}"
        self.gateway = f"{self.network}.1"
        self.folder = paths.HOSTS / self.zone

    @property
    def record(self):
        """What another process has to know of it."""
        return paths.CLAIMS / f"{self.zone}.json"

    def note(self, **facts):
        """Leaves facts for `python3 tests/bed`."""
        self.record.write_text(json.dumps({"slot": self.number, "owner": os.getpid(), "folder": str(self.folder), **facts}))

    def remove(self):
        """Removes what is left of the slot. Its processes go first, and their mounts with them."""
        for group in _cgroups(self.zone):
            _empty(group)
        if Path("/sys/class/net", self.bridge).exists():
            output(["ip", "link", "delete", self.bridge])
        shutil.rmtree(self.folder, ignore_errors=True)
        self.record.unlink(missing_ok=True)

    def release(self):
        """Gives it up, clean."""
        self.remove()
        os.close(self.lock)


def claim():
    """Claims a free slot, and sweeps those that were left behind."""
    paths.CLAIMS.mkdir(parents=True, exist_ok=True)
    paths.HOSTS.mkdir(parents=True, exist_ok=True)
    sweep()
    for number in _SLOTS:
        lock = _try_lock(number)
        if lock is not None:
            slot = Slot(number, lock)
            slot.remove()
            slot.folder.mkdir(parents=True)
            slot.note()
            return slot
    raise CommandFailed(f"all {len(_SLOTS)} slots are in use; `python3 tests/bed list` names them")


def sweep():
    """Removes what killed owners left: hosts, bridges, folders. Returns how many there were."""
    swept = 0
    for number in _SLOTS:
        zone = f"hb{number}"
        traces = [paths.CLAIMS / f"{zone}.json", paths.HOSTS / zone, Path("/sys/class/net", f"vz-{zone}")]
        if any(trace.exists() for trace in traces) and (lock := _try_lock(number)) is not None:
            Slot(number, lock).release()
            swept += 1
    return swept


def stop(record, seconds=10):
    """Stops a host that was left up, and leaves its slot clean."""
    number = record["slot"]
    if "process" in record:
        os.killpg(record["process"], signal.SIGKILL)
    for _ in range(seconds * 20):
        lock = _try_lock(number)
        if lock is not None:
            Slot(number, lock).release()
            return
        time.sleep(0.05)
    raise CommandFailed(f"slot {number} is still held")


def claimed():
    """The records of the slots that somebody holds."""
    records = []
    for file in sorted(paths.CLAIMS.glob("hb*.json")):
        record = json.loads(file.read_text() or "{}")
        lock = _try_lock(record.get("slot", 0))
        if lock is None:
            records.append(record)
        else:
            os.close(lock)
    return records


def _try_lock(number):
    lock = os.open(paths.CLAIMS / f"hb{number}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def cgroup_parents():
    """Where control groups of a host are made: on a machine with both hierarchies, nspawn looks at both."""
    found = []
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(where))
    return found


def _cgroups(zone):
    return [group for parent in cgroup_parents() if (group := parent / f"hearth-bed-{zone}").is_dir()]


def _empty(group):
    """Kills every process of a control group, and removes it."""
    if (group / "cgroup.kill").exists():
        (group / "cgroup.kill").write_text("1")
    for _ in range(100):
        folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
        try:
            for folder in [*folders, group]:
                folder.rmdir()
            return
        except OSError:
            time.sleep(0.05)
