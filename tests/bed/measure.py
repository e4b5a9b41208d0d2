"""The CPU time of a command, with the engine's share."""

import json
import shlex
from dataclasses import dataclass

# Runs inside the host: the engine's share, with containerd's, is what its control group used meanwhile. Its idle use is
# measured first.
_CPU = """
import json, resource, subprocess, sys, time
command, rounds = json.loads(sys.argv[1]), int(sys.argv[2])
def engine():
    with open("/sys/fs/cgroup/system.slice/docker.service/cpu.stat") as file:
        return int(next(line for line in file if line.startswith("usage_usec")).split()[1])
def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6
start, idle = time.monotonic(), engine()
time.sleep(3)
idle = (engine() - idle) / (time.monotonic() - start)
start, before, own = time.monotonic(), engine(), children()
for _ in range(rounds):
    subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
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
    """The mean cost of a program, given as a list, on a host."""
    machine.container.path("/run/measure.py").write_text(_CPU)
    return Cost(**json.loads(machine.succeed(f"python3 /run/measure.py {shlex.quote(json.dumps(command))} {rounds}")))
