"""The life of one host: an overlay over the template, booted by systemd-nspawn."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import shell, slot as slots
from .shell import CommandFailed, output

_BOOT = """
set -eu
for group in $groups; do mkdir -p "$group"; echo $$ > "$group/cgroup.procs"; done
mount -t overlay overlay -o "lowerdir=$lowers,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
if [ -n "$volumes" ]; then
    mount -o loop "$folder/volumes.img" "$folder/volumes"
    mkdir -p "$folder/volumes/volumes" "$folder/volumes/snapshots"
fi
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# starts: systemd-nspawn
exec script -qefc "$nspawn" "$folder/console" < /dev/null > /dev/null 2>&1
"""
# What the engine needs beyond a container's usual rights.
_SYSCALLS = "bpf keyctl @mount @keyring add_key"
_ENV = {
    "PATH": "/opt/hearth/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


class Container:
    """One host. It can be booted again and again on the same root, until its slot is released."""

    def __init__(self, slot, name, lowers, address, *, volumes=None, gib=8, keep=False):
        self.slot, self.name, self.lowers, self.address = slot, name, lowers, address
        self.volumes, self.keep = volumes, keep
        self.folder = slot.folder / name
        self.process, self.leader = None, None
        self.environment = dict(_ENV)
        for part in ("upper", "work", "root", "docker", "volumes"):
            (self.folder / part).mkdir(parents=True)
        (slot.folder / "lowers").write_text(":".join(map(str, lowers)))
        if volumes:
            self._make_volumes_image(gib)

    def warm(self, engine):
        """Gives its engine images before it boots. Their files are links: the engine never writes to a layer or a blob.
        Its databases it does write to."""
        output(["cp", "--archive", "--link", f"{engine}/.", self.folder / "docker"])
        for database in engine.glob("containerd/daemon/*/*.db"):
            mine = self.folder / "docker" / database.relative_to(engine)
            mine.unlink()
            shutil.copy2(database, mine)

    def boot(self):
        """Boots it, and returns once its first process is there."""
        variables = {
            "groups": " ".join(str(parent / f"hearth-bed-{self.slot.zone}/{self.name}") for parent in self._groups()),
            "lowers": ":".join(map(str, self.lowers)),
            "folder": str(self.folder),
            "volumes": self.volumes or "",
            "nspawn": shlex.join(self._nspawn()),
        }
        # The kernel takes a killed host's network down in its own time, and its name is needed now.
        subprocess.run(["ip", "link", "delete", f"vb-{self.slot.zone}-{self.name}"], stderr=subprocess.DEVNULL)
        # A host that is kept outlives this process: then its own processes hold the slot's lock.
        self.process = subprocess.Popen(
            [*shell.ENCLOSED, "sh", "-c", _BOOT],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "boot.log", "ab"),
            preexec_fn=None if self.keep else shell.die_with_parent,
            pass_fds=[self.slot.lock] if self.keep else [],
            start_new_session=True,
        )
        self.leader = self._wait_for_leader()
        self._bring_up_bridge()
        self.slot.note(name=self.name, leader=self.leader, address=self.address, process=self.process.pid, kept=self.keep)

    def enter(self, command):
        """The command line that runs `command` inside."""
        environment = [f"{name}={value}" for name, value in self.environment.items()]
        return ["nsenter", "-t", str(self.leader), "-a", "env", "-i", *environment, *command]

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_until_down(self, seconds):
        """Waits until the host has ended by itself."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{self.name} did not go down within {seconds} s") from None
        self.leader = None

    def kill(self):
        """Cuts the power."""
        if self.is_running():
            os.kill(self.leader or self.process.pid, signal.SIGKILL)
            shell.kill_group(self.process)
        self.leader = None

    def path(self, inside):
        """Where a file of the running host can be read from here."""
        return Path(f"/proc/{self.leader}/root") / inside.lstrip("/")

    def _groups(self):
        for parent in slots.cgroup_parents():
            (parent / f"hearth-bed-{self.slot.zone}").mkdir(exist_ok=True)
            yield parent

    def _nspawn(self):
        command = [
            "systemd-nspawn", "--quiet", "--directory", f"{self.folder}/root", "--machine", f"{self.slot.zone}-{self.name}",
            "--register=no", "--keep-unit", f"--network-zone={self.slot.zone}", "--capability=all",
            f"--system-call-filter={_SYSCALLS}", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            f"--bind={self.folder}/docker:/var/lib/docker",
        ]  # fmt: skip
        if self.volumes:
            # On one file system, as on a real host, so that a snapshot can share blocks with its volume.
            command.append(f"--bind={self.folder}/volumes/volumes:/var/lib/docker/volumes")
            command.append(f"--bind={self.folder}/volumes/snapshots:/var/lib/hearth/snapshots")
        return [*command, "/boot/default-system/init"]

    def _make_volumes_image(self, gib):
        image = self.folder / "volumes.img"
        with open(image, "wb") as file:
            file.truncate(gib << 30)
        # starts: mkfs.btrfs mkfs.xfs
        output([f"mkfs.{self.volumes}", "-q", str(image)])

    def _wait_for_leader(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            for pid in _descendants(self.process.pid):
                if _is_first_of_namespace(pid):
                    return pid
            time.sleep(0.02)
        log = (self.folder / "boot.log").read_text() + (self.folder / "console").read_text(errors="replace")
        raise CommandFailed(f"{self.name} did not boot:\n{log[-2000:]}")

    def _bring_up_bridge(self):
        """What systemd-networkd would do, where it runs: both ends up, and an address for this side."""
        output(["ip", "address", "replace", f"{self.slot.gateway}/24", "dev", self.slot.bridge])
        output(["ip", "link", "set", self.slot.bridge, "up"])
        for port in Path("/sys/class/net", self.slot.bridge, "brif").iterdir():
            output(["ip", "link", "set", port.name, "up"])


def _descendants(pid):
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _descendants(child)


def _is_first_of_namespace(pid):
    """Whether it is the host's systemd: it has executed it, and is process 1 of the innermost of three name spaces."""
    try:
        numbers = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid:")
        ).split()[1:]
        return numbers[-1] == "1" and os.readlink(f"/proc/{pid}/exe").endswith("/systemd")
    except (OSError, StopIteration):
        return False
