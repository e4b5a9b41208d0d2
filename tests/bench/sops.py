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


def milliseconds(commands):
    """From the first start to the last end."""
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode not in (0, 10):
            raise SystemExit(f"error: {command} failed: {done.stderr.decode()}")
    return (time.perf_counter() - start) * 1000


def mebibytes(command):
    """The largest resident set. It is read while the program waits to write what it found into a pipe that is full: what
    `wait4` says of a short program is the memory of the one that started it."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, bytes(4096))
    except BlockingIOError:
        os.set_blocking(into, True)
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=into, stderr=subprocess.DEVNULL)
    os.close(into)
    time.sleep(1.5)
    status = Path(f"/proc/{process.pid}/status").read_text()
    while os.read(out, 65536):
        pass
    os.close(out)
    process.wait()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def compared(title, ours, theirs, say):
    """Alternates the two, so that whatever else the machine does meets both."""
    runs = [(milliseconds(ours()), milliseconds(theirs())) for _ in range(ROUNDS)]
    times = [statistics.median(run[side] for run in runs) for side in (0, 1)]
    say(f"{title}: time", "hearth", "sops", *times, "ms", most=0.1)
    say(f"{title}: memory", "hearth", "sops", mebibytes(ours()[0]), mebibytes(theirs()[0]), "MiB", most=0.2)


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
