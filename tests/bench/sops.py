# What secrets cost, whole processes from a cold start, on this machine itself: to decrypt a file, and to render 1, 100 and
# 1,000 secrets from one file and from as many.
# Rivals: sops, which is `SOPS_BINARY` or what the test `both_ways` of helpers/sops built; sops-install-secrets of sops-nix,
# which is `SOPS_INSTALL_SECRETS_BINARY`; and the floor, the same age and AES-GCM operations and writes of files with nothing
# around them (helpers/render-secrets/examples/floor.rs). A rival that is not there is left out, with a word.
# By hand, without a host: python3 tests/bench/sops.py
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELPERS = Path(__file__).resolve().parents[2] / "helpers" if "__file__" in globals() else Path("helpers").resolve()
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HELPERS / "target"))
RELEASE = Path(os.environ.get("HEARTH_HELPERS", TARGET / "release"))
KEY = HELPERS / "sops/tests/data/TEST-ONLY-a.key"
RECIPIENT = next(line.split()[-1] for line in KEY.read_text().splitlines() if "public key" in line)
BUILT = TARGET / "tmp/go-bin/sops"
ROUNDS = 9
ERRORS = f"/dev/shm/hearth-bench-{os.getpid()}"
SILENT = [
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, ERRORS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
]
VALUES = 2000
INSTALLER = "sops-install-secrets"


def milliseconds(commands):
    """From the first start to the last end. `subprocess` would add a good part of what the shortest of them takes."""
    commands = [[os.fspath(word) for word in command] for command in commands]
    start = time.perf_counter()
    for command in commands:
        # starts: hearth-secrets render-secrets sops sops-install-secrets floor
        process = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=SILENT)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if code not in (0, 10):
            raise SystemExit(f"error: {command} failed: {Path(ERRORS).read_text()}")
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
    # starts: hearth-secrets render-secrets sops sops-install-secrets
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=into, stderr=subprocess.DEVNULL)
    os.close(into)
    time.sleep(1.5)
    status = Path(f"/proc/{process.pid}/status").read_text()
    while os.read(out, 65536):
        pass
    os.close(out)
    process.wait()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def running_mebibytes(command):
    """The same of a program that writes nothing: it is looked at until it ends, which is some milliseconds away."""
    # starts: hearth-secrets render-secrets sops sops-install-secrets
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        try:
            # Before that it is still a copy of this program.
            if os.readlink(f"/proc/{process.pid}/exe") == os.path.realpath(command[0]):
                found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
                most = max(most, int(found.group(1)) if found else 0)
        except OSError:
            pass
    return most / 1024


def medians(rounds, *sides):
    """The median time of each side. They alternate, so that whatever else the machine does meets all."""
    runs = [[milliseconds(side()) for side in sides] for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*runs, strict=True)]


def compared(title, ours, theirs, say):
    mine, others = medians(ROUNDS, ours, theirs)
    say(f"{title}: time", ("hearth", mine), ("sops", others), "ms", most=0.1)
    say(f"{title}: memory", ("hearth", mebibytes(ours()[0])), ("sops", mebibytes(theirs()[0])), "MiB", most=0.2)


def printed(title, ours, theirs, unit, most=None):
    (name, mine), (other, others) = ours, theirs
    print(f"{title:40} {name} {mine:8.1f} {unit:3}  {other:11} {others:8.1f} {unit:3}  {mine / others:.3f} (goal {most})", flush=True)


def encrypted(folder, name, clear):
    path = Path(folder) / name
    path.write_text(clear)
    subprocess.run([RELEASE / "hearth-secrets", "encrypt", "--in-place", "--age", RECIPIENT, path], check=True)
    return path


def fresh(folder, content):
    """A folder that nothing was rendered into yet, and a manifest beside it."""
    run = tempfile.mkdtemp(dir=folder)
    Path(run, "manifest.json").write_text(json.dumps(content(run)))
    return run


def ours(folder, secrets):
    """Renders secrets: pairs of a file and the key in it, named by their place."""

    def content(run):
        entries = [
            {"name": f"s{index}", "file": str(file), "format": "yaml", "key": key, "owner": "root", "group": "root",
             "mode": "0400", "path": f"{run}/secrets/s{index}", "restartUnits": [], "reloadUnits": []}
            for index, (file, key) in enumerate(secrets)
        ]  # fmt: skip
        return {
            "schema": 1, "stateFolder": f"{run}/state", "link": f"{run}/secrets", "generations": f"{run}/secrets.d",
            "mount": False, "identities": {"ageKeyFiles": [str(KEY)], "sshKeyFiles": []},
            "secrets": entries, "templates": [], "placeholders": {},
        }  # fmt: skip

    return [RELEASE / "render-secrets", f"{fresh(folder, content)}/manifest.json"]


def installed(program, folder, secrets):
    """The same with sops-install-secrets, in the mode that mounts nothing, and as little as it can do."""

    def content(run):
        entries = [
            {"name": f"s{index}", "key": key, "path": f"{run}/secrets/s{index}", "sopsFile": str(file), "format": "yaml",
             "mode": "0400", "uid": 0, "gid": 0, "restartUnits": [], "reloadUnits": []}
            for index, (file, key) in enumerate(secrets)
        ]  # fmt: skip
        return {
            "secrets": entries, "templates": [], "placeholderBySecretName": {}, "secretsMountPoint": f"{run}/secrets.d",
            "symlinkPath": f"{run}/secrets", "keepGenerations": 1, "sshKeyPaths": [], "gnupgHome": "", "ageKeyFile": str(KEY),
            "ageSshKeyPaths": [], "useTmpfs": False, "userMode": True, "logging": {"keyImport": False, "secretChanges": False},
        }  # fmt: skip

    return [program, "-ignore-passwd", f"{fresh(folder, content)}/manifest.json"]


def floor(program, folder, secrets):
    """The same with the floor, which is told in hexadecimal what is in the files."""
    lines, last = [f"key {KEY}"], None
    for index, (file, key) in enumerate(secrets):
        if file != last:
            text, last = file.read_text(), file
            armored = re.search(r"-----BEGIN AGE.*?END AGE ENCRYPTED FILE-----\n", text, re.DOTALL).group(0)
            lines.append("file " + "\n".join(line.strip() for line in armored.splitlines()).encode().hex() + "0a")
            values = dict(re.findall(r"^(\w+): ENC\[AES256_GCM,(data:.*),type:str\]$", text, re.MULTILINE))
        parts = [base64.b64decode(part.split(":", 1)[1]).hex() for part in values[key].split(",")]
        lines.append(" ".join(["value", f"s{index}", *parts, f"{key}:".encode().hex()]))
    run = tempfile.mkdtemp(dir=folder)
    Path(run, "list").write_text("\n".join(lines))
    Path(run, "out").mkdir()
    return [program, f"{run}/list", f"{run}/out"]


def built_floor():
    """The floor, compiled as the helpers are; nothing where that cannot be done."""
    command = ["cargo", "build", "--locked", "--quiet", "--release", "--package", "render-secrets", "--example", "floor"]
    try:
        subprocess.run(command, cwd=HELPERS, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: the floor cannot be compiled: {error}", file=sys.stderr)
        return None
    return TARGET / "release/examples/floor"


def all_alike(folder, secrets):
    """Whether every program renders the same: what does less is no rival."""
    programs = [(ours(folder, secrets), "secrets")]
    programs += [(installed(INSTALL, folder, secrets), "secrets")] if INSTALL else []
    programs += [(floor(FLOOR, folder, secrets), "out")] if FLOOR else []
    found = set()
    for command, where in programs:
        milliseconds([command])
        files = Path(command[-1]).parent.joinpath(where).glob("s*") if where == "secrets" else Path(command[-1]).glob("s*")
        found.add(tuple(sorted((file.name, file.read_bytes()) for file in files)))
    return len(found) == 1 and len(found.pop()) == len(secrets)


def rendering(title, secrets, sops, say, most):
    """One row for each rival that is there."""
    rounds = ROUNDS if len(secrets) <= 100 else 3
    files = list(dict.fromkeys(file for file, _ in secrets))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        assert all_alike(folder, secrets), f"{title}: the programs do not render the same"
        by_sops = [[sops, "decrypt", file] for file in files]
        time_, theirs = medians(rounds if len(files) <= 100 else 1, lambda: [ours(folder, secrets)], lambda: by_sops)
        say(f"{title}: time", ("hearth", time_), ("sops", theirs), "ms", most=0.1)
        if INSTALL:
            # It is quadratic in the secrets of one file.
            few = rounds if len(secrets) <= 100 else 1
            time_, theirs = medians(few, lambda: [ours(folder, secrets)], lambda: [installed(INSTALL, folder, secrets)])
            say(f"{title}: time", ("hearth", time_), (INSTALLER, theirs), "ms", most=most)
            mine, others = mebibytes(ours(folder, secrets)), running_mebibytes(installed(INSTALL, folder, secrets))
            say(f"{title}: memory", ("hearth", mine), (INSTALLER, others), "MiB", most=0.2)
        if FLOOR:
            time_, least = medians(rounds * 3, lambda: [ours(folder, secrets)], lambda: [floor(FLOOR, folder, secrets)])
            say(f"{title}: time", ("hearth", time_), ("floor", least), "ms", most=2)


def main(say):
    sops = os.environ.get("SOPS_BINARY") or (str(BUILT) if BUILT.exists() else None)
    if not sops:
        print("skipped: no sops to compare with: set SOPS_BINARY", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        small = [encrypted(folder, f"small{index}.yaml", f"token: canary-{index}\n") for index in range(100)]
        lines = "".join(f"key{index}:\n    - value {index} of a file that is big\n    - {index}\n" for index in range(VALUES // 2))
        big = encrypted(folder, "big.yaml", lines)
        decrypt = [RELEASE / "hearth-secrets", "decrypt"]
        theirs = [sops, "decrypt"]
        # starts: hearth-secrets sops
        same = [subprocess.run([*command, big], env=ENVIRONMENT, capture_output=True, check=True).stdout for command in (decrypt, theirs)]
        assert same[0] == same[1] and same[0], "both print the same"
        compared("decrypt a small file", lambda: [[*decrypt, small[0]]], lambda: [[*theirs, small[0]]], say)
        compared(f"decrypt a file of {VALUES} values", lambda: [[*decrypt, big]], lambda: [[*theirs, big]], say)
        many = [*small, *(encrypted(folder, f"small{index}.yaml", f"token: canary-{index}\n") for index in range(100, 1000))]
        one = {count: encrypted(folder, f"of{count}.yaml", "".join(f"k{key}: canary-{key}\n" for key in range(count))) for count in (100, 1000)}
        rendering("render 1 secret", [(small[0], "token")], sops, say, most=0.1)
        for count in (100, 1000):
            rendering(f"render {count} of one file", [(one[count], f"k{key}") for key in range(count)], sops, say, most=0.02)
            rendering(f"render {count} of as many files", [(file, "token") for file in many[:count]], sops, say, most=0.1)


ENVIRONMENT = {
    **os.environ, "SOPS_AGE_KEY_FILE": str(KEY), "SOPS_DISABLE_VERSION_CHECK": "1", "XDG_RUNTIME_DIR": "/dev/shm",
}  # fmt: skip
INSTALL = os.environ.get("SOPS_INSTALL_SECRETS_BINARY")
if not INSTALL:
    print("skipped: no sops-install-secrets to compare with: set SOPS_INSTALL_SECRETS_BINARY", file=sys.stderr)
FLOOR = built_floor()
try:
    main(globals().get("figure", printed))
finally:
    Path(ERRORS).unlink(missing_ok=True)
