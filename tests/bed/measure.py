"""What benchmarks measure with: CPU of a command with the engine's share, a constant load, a table of ratios."""

import http.client
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from . import example

# Runs inside the host: the engine's share is what its control group used meanwhile. Its idle use is measured first.
_CPU = """
import json, resource, subprocess, sys, time
command, rounds = sys.argv[1], int(sys.argv[2])
def engine():
    total = 0
    for unit in ("docker", "containerd"):
        with open(f"/sys/fs/cgroup/system.slice/{unit}.service/cpu.stat") as file:
            total += int(next(line for line in file if line.startswith("usage_usec")).split()[1])
    return total
def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6
start, idle = time.monotonic(), engine()
time.sleep(3)
idle = (engine() - idle) / (time.monotonic() - start)
start, before, own = time.monotonic(), engine(), children()
for _ in range(rounds):
    subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
wall = time.monotonic() - start
print(json.dumps({"wall_ms": wall * 1e3 / rounds, "client_ms": (children() - own) / 1e3 / rounds,
                  "engine_ms": max(0, engine() - before - idle * wall) / 1e3 / rounds}))
"""


@dataclass
class Cost:
    """What one run of a command cost."""

    wall_ms: float
    client_ms: float
    engine_ms: float

    @property
    def cpu_ms(self):
        return self.client_ms + self.engine_ms


def cpu(machine, command, rounds):
    """The mean cost of a command on a host."""
    quoted = "'" + command.replace("'", "'\\''") + "'"
    machine.container.path("/run/measure.py").write_text(_CPU)
    return Cost(**json.loads(machine.succeed(f"python3 /run/measure.py {quoted} {rounds}")))


@dataclass
class Load:
    """Visitors who ask all the time, some over one connection and some over a new one each time."""

    address: str
    domain: str
    keeping: int = 4
    renewing: int = 4
    pause: float = 0.02
    asked: int = 0
    lost: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __enter__(self):
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.context = ssl.create_default_context(cafile=str(example.CA))
        kinds = [True] * self.keeping + [False] * self.renewing
        self.threads = [threading.Thread(target=self._visit, args=[keep], daemon=True) for keep in kinds]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(15)

    def _visit(self, keep):
        connection = None
        while not self.over.wait(self.pause):
            start = time.monotonic()
            try:
                connection = connection or self._connect()
                connection.request("GET", "/whoami", headers={"Host": self.domain})
                answer = connection.getresponse()
                answer.read()
                problem = None if answer.status == 200 else f"status {answer.status}"
                closing = answer.getheader("Connection", "").lower() == "close"
            except (OSError, http.client.HTTPException) as error:
                problem, closing = f"{type(error).__name__}: {error}", True
            self._count(problem, time.monotonic() - start)
            if connection and (closing or not keep):
                connection.close()
                connection = None

    def _connect(self):
        connection = http.client.HTTPSConnection(self.domain, timeout=10, context=self.context)
        plain = socket.create_connection((self.address, 443), timeout=10)
        connection.sock = self.context.wrap_socket(plain, server_hostname=self.domain)
        return connection

    def _count(self, problem, seconds):
        with self.lock:
            self.asked += 1
            self.slowest = max(self.slowest, seconds)
            if problem:
                self.lost.append(problem)


class Figures:
    """Collects figures, each beside that of a rival."""

    def __init__(self):
        self.rows = []

    def add(self, what, our_name, ours, their_name, theirs, unit):
        """One figure; the ratio is how many times the rival's is ours."""
        self.rows.append((what, our_name, ours, their_name, theirs, unit))

    def table(self):
        """The table that a person reads."""
        lines = []
        for what, our_name, ours, their_name, theirs, unit in self.rows:
            ratio = f"1/{theirs / ours:.0f}" if ours and theirs > ours else f"{ours / theirs:.2f}" if theirs else "-"
            lines.append(f"{what}\n    {our_name:<44}{ours:>12.1f} {unit}\n    {their_name:<44}{theirs:>12.1f} {unit}"
                         f"\n    {'ratio':<44}{ratio:>12}")  # fmt: skip
        return "\n".join(lines)
