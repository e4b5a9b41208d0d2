"""Prepares a new machine: a root with Debian's smallest set of packages and git, and the toolchains of this machine."""

import contextlib
import fcntl
import platform
import shutil

from . import cache, debian, paths
from .requirements import check, table
from .shell import ENCLOSED, output, run as run_program

# The mounts live in a name space that ends with this shell, however it ends.
_ENTER = """
set -eu
base=$1 work=$2 repo=$3; shift 3
root=$work/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
for folder in "$repo" $toolchains; do
    mkdir -p "$root/$folder"
    mount -o bind,ro "$folder" "$root/$folder"
done
chroot "$root" /usr/bin/env PATH="$path" HOME=/root LC_ALL=C.UTF-8 bash -euc "$inside" inside "$repo" "$@"
"""

# What a newcomer does, and what came of it. It runs in the new root.
_INSIDE = """
cd "$1"; shift
. tests/bed/prepare.sh
echo "== without a toolchain"
(PATH=/usr/sbin:/usr/bin:/sbin:/bin; prepare) 2>&1 && echo "it went on"
echo "== the first time"
prepare
echo "== the second time"
prepare
echo "== missing"
for command; do command -v "$command" >/dev/null || echo "$command"; done
echo "== checks"
"$python" -B tests/bed suite --list
"""


def run(arguments):
    """Prepares a new machine, says what is wrong with it, and prints the closing line."""
    told = prepared(wanted())
    wrong = complaints(told)
    print("\n".join(wrong) or f"a machine with {suite()} and git has {len(wanted())} programs once it is prepared")
    print(f"{5 - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def suite():
    """The Debian release that this machine has."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", debian.SUITE)


def wanted():
    """The programs that must be there: those of the table, and those that code starts, should the table lack one."""
    rows = table.rows()
    left_out = {row.command for row in rows if row.package in table.NOT_PREPARED} | check.own()
    started = {one.name for one in check.findings() if one.name}
    return sorted((started | table.commands(rows)) - left_out)


def complaints(told):
    """What is wrong with what a new machine printed, a sentence for each of five properties."""
    first, *_ = told["the first time"] or [""]
    demands = [
        (any("cargo go" in line for line in told["without a toolchain"]), f"without a toolchain: {told['without a toolchain']}"),
        (first.startswith("Will install"), f"it installs before it says so: {first}"),
        (not told["the second time"], f"a second time it still does something: {told['the second time']}"),
        (not told["missing"], f"not there after `prepare`: {', '.join(told['missing'])}"),
        (len(told["checks"]) > 10, f"tests/run --list names no checks there: {told['checks']}"),
    ]
    return [sentence for holds, sentence in demands if not holds]


def prepared(commands):
    """What the new machine printed, by what it did: lines without their headings."""
    toolchains = [output(["rustc", "--print", "sysroot"]).strip(), output(["go", "env", "GOROOT"]).strip()]
    path = ":".join([*(f"{folder}/bin" for folder in toolchains), "/usr/sbin:/usr/bin:/sbin:/bin"])
    environment = {"toolchains": " ".join(toolchains), "path": path, "inside": _INSIDE}
    with _work() as work:
        command = ["sh", "-c", _ENTER, "enter", base(), work, paths.REPO, *commands]
        # starts: cp mkdir mount chroot
        printed = output([*ENCLOSED, *command], env=environment)
    (paths.LOGS / "fresh.log").write_text(printed)
    parts = (part.splitlines() for part in printed.split("== "))
    return {title: lines for title, *lines in (part for part in parts if part)}


def base():
    """The root before it is prepared."""

    def build(folder):
        tree = folder / "tree"
        options = ["--variant=minbase", "--include=git"]
        run_program(["debootstrap", *options, suite(), tree, debian.MIRROR], log="fresh-base", enclosed=True)
        (tree / "etc/dpkg/dpkg.cfg.d/bed").write_text("force-unsafe-io\n")

    return cache.entry("fresh", cache.digest(suite(), debian.MIRROR, 1), build) / "tree"


@contextlib.contextmanager
def _work():
    """A folder for one run at a time. What a killed one left there goes first: no mount, for these ended with it."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    work = paths.CACHE / ".fresh-work"
    with open(paths.CACHE / ".fresh-work.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(work, ignore_errors=True)
        try:
            for part in ("upper", "work", "root"):
                (work / part).mkdir(parents=True)
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
