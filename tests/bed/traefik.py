"""Traefik, compiled from its Go modules at the versions that `traefik/go.sum` pins."""

import shutil

from . import cache, layers, paths
from .oci import Image
from .shell import run

SOURCE = paths.BED / "traefik"
PACKAGE = "github.com/traefik/traefik/v3/cmd/traefik"


def version():
    """The version that go.mod names."""
    words = (SOURCE / "go.mod").read_text().split()
    return words[words.index("github.com/traefik/traefik/v3") + 1].removeprefix("v")


def binary():
    """The static binary. The Go tool's own caches are left as they are."""

    def build(folder):
        for name in ("go.mod", "go.sum"):
            shutil.copy(SOURCE / name, folder)
        env = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath"}
        run(["go", "mod", "download"], log="traefik", cwd=folder, env=env)
        flags = f"-s -w -X github.com/traefik/traefik/v3/pkg/version.Version={version()}"
        run(["go", "build", "-ldflags", flags, "-o", "traefik", PACKAGE], log="traefik", cwd=folder, env=env)

    return cache.entry("traefik", cache.digest(SOURCE / "go.mod", SOURCE / "go.sum", 1), build) / "traefik"


def archive(base_tree):
    """The folder that, laid over the root, holds `/opt/hearth/images/traefik.tar`: the binary, and the certificates of
    the public authorities."""
    program = binary()

    def build(folder):
        content = folder / "content"
        (content / "etc/ssl/certs").mkdir(parents=True)
        shutil.copy(base_tree / "etc/ssl/certs/ca-certificates.crt", content / "etc/ssl/certs")
        (content / "bin").mkdir()
        shutil.copy(program, content / "bin/traefik")
        layers.pack(content, folder / "layer")
        (folder / "tree/opt/hearth/images").mkdir(parents=True)
        image = Image(f"hearth/traefik:{version()}", [folder / "layer"], {"Entrypoint": ["/bin/traefik"]})
        image.save(folder / "tree/opt/hearth/images/traefik.tar")
        shutil.rmtree(content)
        (folder / "layer").unlink()

    return cache.entry("images", cache.digest(program.parent.name, base_tree.parent.name, 3), build) / "tree"
