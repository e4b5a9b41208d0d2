# What it costs to decrypt: a small file, a big one, and a hundred, whole processes from a cold start, on this machine itself.
# Rival: sops. It is `SOPS_BINARY`, or what the test `both_ways` of helpers/sops built; without it there is nothing to compare.
# By hand, without a host: python3 tests/bench/sops.py
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELPERS = Path(__file__).resolve().parents[2] / "helpers" if "__file__" in globals() else Path("helpers").resolve()
RELEASE = Path(os.environ.get("HEARTH_HELPERS", HELPERS / "target/release"))
KEY = HELPERS / "sops/tests/data/TEST-ONLY-a.key"
RECIPIENT = next(line.split()[-1] for line in KEY.read_text().splitlines() if "public key" in line)
BUILT = HELPERS / "target/tmp/go-bin/sops"
ROUNDS = 9
VALUES = 2000


def cost(*commands):
    """Milliseconds from the first start to the last end, and the largest resident set in MiB."""
    start, memory = time.perf_counter(), 0
    for command in commands:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) not in (0, 10):
            raise SystemExit(f"error: {command} failed: {said.decode()}")
        memory = max(memory, usage.ru_maxrss / 1024)
    return (time.perf_counter() - start) * 1000, memory


def compared(title, ours, theirs, say):
    """Alternates the two, so that whatever else the machine does meets both."""
    runs = [(cost(*ours()), cost(*theirs())) for _ in range(ROUNDS)]
    for part, unit, index, goal in (("time", "ms", 0, 0.1), ("memory", "MiB", 1, 0.2)):
        values = [statistics.median(run[side][index] for run in runs) for side in (0, 1)]
        say(f"{title}: {part}", "hearth", "sops", *values, unit, most=goal)


def printed(title, our_name, their_name, ours, theirs, unit, most=None):
    print(f"{title:44} {our_name} {ours:8.1f} {unit:3}  {their_name} {theirs:8.1f} {unit:3}  {ours / theirs:.3f} (goal {most})")


def encrypted(folder, name, clear):
    path = Path(folder) / name
    path.write_text(clear)
    subprocess.run([RELEASE / "hearth-secrets", "encrypt", "--in-place", "--age", RECIPIENT, path], check=True)
    return path


def manifest(folder, files):
    run = tempfile.mkdtemp(dir=folder)
    secrets = [
        {"name": f"s{index}", "file": str(file), "format": "yaml", "key": "token", "owner": "root", "group": "root",
         "mode": "0400", "path": f"{run}/secrets/s{index}", "restartUnits": [], "reloadUnits": []}
        for index, file in enumerate(files)
    ]  # fmt: skip
    path = Path(run) / "manifest.json"
    path.write_text(json.dumps({
        "schema": 1, "stateFolder": f"{run}/state", "link": f"{run}/secrets", "generations": f"{run}/secrets.d",
        "mount": False, "identities": {"ageKeyFiles": [str(KEY)], "sshKeyFiles": []},
        "secrets": secrets, "templates": [], "placeholders": {},
    }))  # fmt: skip
    return path


def main(say):
    sops = os.environ.get("SOPS_BINARY") or (str(BUILT) if BUILT.exists() else None)
    if not sops:
        print("skipped: no sops to compare with: set SOPS_BINARY", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        small = [encrypted(folder, f"small{index}.yaml", f"token: canary-{index}\n") for index in range(100)]
        lines = "".join(f"key{index}:\n    - value {index} of a file that is big\n    - {index}\n" for index in range(VALUES // 2))
        big = encrypted(folder, "big.yaml", lines)
        ours = [RELEASE / "hearth-secrets", "decrypt"]
        theirs = [sops, "decrypt"]
        same = [subprocess.run([*command, big], env=ENVIRONMENT, capture_output=True, check=True).stdout for command in (ours, theirs)]
        assert same[0] == same[1] and same[0], "both print the same"
        compared("decrypt a small file", lambda: [[*ours, small[0]]], lambda: [[*theirs, small[0]]], say)
        compared(f"decrypt a file of {VALUES} values", lambda: [[*ours, big]], lambda: [[*theirs, big]], say)
        compared(
            "100 files: render-secrets, sops for each",
            lambda: [[RELEASE / "render-secrets", manifest(folder, small)]],
            lambda: [[*theirs, file] for file in small],
            say,
        )


ENVIRONMENT = {**os.environ, "SOPS_AGE_KEY_FILE": str(KEY), "SOPS_DISABLE_VERSION_CHECK": "1"}
main(globals().get("figure", printed))
