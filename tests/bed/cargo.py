"""The Rust compiler, which takes minutes the first time: how far it has come is told meanwhile."""

import json

from . import paths
from .shell import output, run


def build_helpers(profile, note=lambda text: None):
    """Compiles the workspace in a profile (the tests' own is `dev`), and returns the folder of the binaries. `note` is told
    how many crates are compiled."""
    # With any test beside them, dependencies get the features that tests ask for, and are not compiled again for those.
    test = ["--test", "clear"] if profile == "dev" else []
    command = ["cargo", "build", "--locked", "--workspace", "--bins", *test, "--profile", profile]
    count = Count(crates(paths.HELPERS), note)
    run([*command, "--message-format=json-render-diagnostics"], log="helpers", cwd=paths.HELPERS, on_line=count.line)
    return paths.target(paths.HELPERS) / ("debug" if profile == "dev" else profile)


def crates(workspace):
    """How many crates a build of a workspace needs. Features of tests may add a few."""
    tree = ["cargo", "tree", "--locked", "--workspace", "--edges", "normal,build", "--prefix", "none"]
    listed = output([*tree, "--manifest-path", workspace / "Cargo.toml"])
    return len({line.removesuffix(" (*)") for line in listed.splitlines() if line})


class Count:
    """Counts the crates that cargo reports as compiled, or as compiled before."""

    def __init__(self, total, note):
        self.total, self.note = total, note
        self.done = set()

    def line(self, line):
        """Takes in one message of cargo."""
        message = json.loads(line)
        if message["reason"] == "compiler-artifact":
            self.done.add(message["package_id"])
            self.note(f"{min(len(self.done), self.total)} of {self.total} crates")
