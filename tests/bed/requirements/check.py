"""The check that nothing is started which the table of programs does not have."""

import os
import tomllib
from pathlib import Path

from .. import paths
from ..shell import output
from . import python_code, rust_code, shell_code

# These run in images and on hosts, whose roots have what they start: `debian.py` and `applications.py` say what that is.
_ELSEWHERE = (
    "tests/recipes/",
    "tests/bed/images/",
    "nix/",
    "tests/bed/rendered/",
    "tests/bed/switch/",
    "helpers/render-secrets/tests/cmd/",
)


def findings(root=paths.REPO):
    """Every program that code of the project starts on the machine that runs the tests."""
    files = {name: root / name for name in tracked(root) if not name.startswith(_ELSEWHERE)}
    modules = [python_code.Module(name, path.read_text()) for name, path in files.items() if name.endswith(".py")]
    found = python_code.programs(modules)
    scripts = {name: path.read_text() for name, path in files.items() if is_shell(path)}
    by_last_name = {Path(name).name: text for name, text in scripts.items()}
    for name, text in scripts.items():
        found += shell_code.programs(text, name, sourced=by_last_name.get)
    for name, path in files.items():
        if name.endswith(".rs"):
            found += rust_code.programs(path.read_text(), name)
    return found


def tracked(root=paths.REPO):
    """The files of the project that are there."""
    names = output(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]).split("\0")
    return sorted(name for name in set(names) if name and (root / name).is_file())


def is_shell(path):
    """Whether a file is a shell script, or is sourced by one."""
    if path.suffix == ".sh":
        return True
    with open(path, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.split()[-1].rsplit(b"/")[-1] in (b"sh", b"bash")


def own(root=paths.REPO):
    """What the project itself builds or has: its binaries and examples, and its executable files."""
    crates = [path.parent for path in root.glob("helpers/*/Cargo.toml")]
    names = {crate.name for crate in crates} | {example.stem for example in root.glob("helpers/*/examples/*.rs")}
    for crate in crates:
        names.update(binary["name"] for binary in tomllib.loads((crate / "Cargo.toml").read_text()).get("bin", []))
    return names | {Path(name).name for name in tracked(root) if os.access(root / name, os.X_OK)}


def complaints(found, known):
    """What is wrong, a sentence for each."""
    for one in sorted(set(found), key=lambda one: (one.place, one.line, one.name or "")):
        place = f"{one.place}:{one.line}"
        if one.name is None:
            yield f"{place}: which program is started cannot be read here: say it with a comment `# starts: NAME`"
        elif one.name not in known:
            yield f"{place}: starts {one.name}, which tests/bed/requirements/table.tsv lacks: add it with its package"
