"""The images of `tests/apps/hello`: one static binary, in good versions and in bad ones."""

import json
import shutil

from . import cache, layers, paths
from .oci import Image
from .shell import run

SOURCE = paths.TESTS / "apps/hello"
TARGET = "x86_64-unknown-linux-gnu"

# A version, and what is set in its image beside HELLO_VERSION.
VERSIONS = json.loads((SOURCE / "versions.json").read_text())


def binary():
    """The binary, linked statically so that an image needs nothing else."""
    # With --target the flag reaches the program only, and not build scripts, which a static glibc would break.
    env = {"RUSTFLAGS": "-C target-feature=+crt-static"}
    run(["cargo", "build", "--release", "--locked", "--target", TARGET], log="hello", cwd=SOURCE, env=env)
    return paths.target(SOURCE) / TARGET / "release/hello"


def layer():
    """The folder with the one layer that all versions share."""

    def build(folder):
        tree = folder / "tree"
        (tree / "data").mkdir(parents=True)
        shutil.copy(binary(), tree / "hello")
        layers.pack(tree, folder / "layer")
        shutil.rmtree(tree)

    return cache.entry("hello", cache.digest(*cache.tree_files(SOURCE), 1), build) / "layer"


def images(layer_):
    """All versions."""
    return [Image(f"hello:{version}", [layer_], _settings(version, extra)) for version, extra in VERSIONS.items()]


def _settings(version, extra):
    env = {"HELLO_VERSION": version, **extra}
    return {
        "Entrypoint": ["/hello"],
        "Env": [f"{name}={value}" for name, value in env.items()],
        "ExposedPorts": {"8080/tcp": {}},
    }
