"""The style of Nix, shell and Python files: formatting, unused code and known mistakes.

`nix/checks` runs the same tools from nixpkgs. Here they come from registries, at versions that are named below.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cache, paths
from .requirements.check import is_shell, tracked
from .shell import die_with_parent, run as run_program

_CRATES = ("nixfmt_rs@0.5.3", "deadnix@1.3.1")
_RUFF = "ruff==0.17.6"


@dataclass
class Language:
    """Its files, the commands that check them, and those that put right what they can."""

    has: Callable[[Path], bool]
    checks: Callable[[list[str]], list[list[str]]]
    planted: dict[str, str]
    """Files with one fault each: a tool that does not find it checks nothing."""
    fixes: Callable[[list[str]], list[list[str]]] = lambda _: []


def _nix_tools():
    """The folder of nixfmt and deadnix, compiled once."""

    def build(folder):
        run_program(["cargo", "install", "--quiet", "--locked", "--root", folder, *_CRATES], log="style", cwd=folder)

    return cache.entry("nix-style", cache.digest(_CRATES), build) / "bin"


def _ruff():
    """The program ruff, installed once."""

    def build(folder):
        # A folder of its own: Debian's Python is not to be changed.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", folder]
        run_program([*pip, _RUFF], log="style")

    return cache.entry("ruff", cache.digest(_RUFF), build) / "bin/ruff"


def _python(files):
    return [[_ruff(), "check", "--quiet", "--no-cache", "--output-format=concise", *files], _format("--check", "--diff", *files)]


def _format(*words):
    return [_ruff(), "format", "--quiet", "--no-cache", "--force-exclude", *words]


LANGUAGES = {
    "Nix": Language(
        has=lambda path: path.suffix == ".nix",
        checks=lambda files: [[_nix_tools() / "nixfmt", "--check", *files], [_nix_tools() / "deadnix", "--fail", *files]],
        planted={"badly-formatted.nix": "{a=1;}\n", "unused-name.nix": "let\n  a = 1;\nin\n{ }\n"},
        fixes=lambda files: [[_nix_tools() / "nixfmt", *files], [_nix_tools() / "deadnix", "--edit", *files]],
    ),
    "shell": Language(
        has=is_shell,
        checks=lambda files: [["shellcheck", "--external-sources", *files]],
        planted={"unquoted.sh": "#!/bin/sh\nrm $1\n"},
    ),
    "Python": Language(
        has=lambda path: path.suffix == ".py",
        checks=_python,
        planted={"unused.py": "import os\n", "undefined.py": "x = y\n", "badly_formatted.py": "x = { 'a':1 }\n"},
        fixes=lambda files: [[_ruff(), "check", "--quiet", "--no-cache", "--fix", *files], _format(*files)],
    ),
}


def run(arguments):
    """Checks one language: that each planted fault is found, and that each tool is content with all files."""
    language = LANGUAGES[arguments.language]
    files = [name for name in tracked() if language.has(paths.REPO / name)]
    for command in language.fixes(files) if arguments.fix else []:
        # starts: ruff nixfmt deadnix
        subprocess.run(command, cwd=paths.REPO, preexec_fn=die_with_parent)
    checks = language.checks(files)
    faults = [*_not_found(language), *(said for command in checks if (said := _complaint(command, paths.REPO)))]
    print("\n".join(faults) or f"{len(files)} files")
    print(f"{len(language.planted) + len(checks) - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


def _not_found(language):
    """The planted faults that no tool finds."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "ruff.toml")
        config.write_text((paths.REPO / "ruff.toml").read_text())
        for name, text in language.planted.items():
            Path(folder, name).write_text(text)
            if not any(_complaint(command, folder) for command in language.checks([name])):
                yield f"the planted fault of {name} was not found: the tools check nothing"


def _complaint(command, folder):
    """What a tool says when it finds something; nothing when it is content."""
    # starts: ruff nixfmt deadnix shellcheck
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, preexec_fn=die_with_parent)
    if done.returncode == 0:
        return ""
    return f"{Path(command[0]).name}: {(done.stdout + done.stderr).strip() or f'it ended with {done.returncode}'}"
