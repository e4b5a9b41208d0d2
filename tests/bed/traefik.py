"""Traefik, compiled from its Go modules at the versions that `traefik/go.sum` pins.

One file of all is replaced: the table of some 190 providers of DNS challenges, which the bed cannot ask and whose
libraries take longer to compile than everything else together.
"""

import shutil

from . import cache, golang, layers, paths
from .oci import Image
from .shell import output, run

SOURCE = paths.BED / "traefik"
PACKAGE = "github.com/traefik/traefik/v3/cmd/traefik"
_LEGO = "github.com/go-acme/lego/v4"
_TABLE = "providers/dns/zz_gen_dns_providers.go"


def version():
    """The version that go.mod names."""
    words = (SOURCE / "go.mod").read_text().split()
    return words[words.index("github.com/traefik/traefik/v3") + 1].removeprefix("v")


def binary():
    """The static binary."""

    def build(folder):
        for name in ("go.mod", "go.sum"):
            shutil.copy(SOURCE / name, folder)
        golang.go(["mod", "download", _LEGO], folder, "traefik")
        without_dns_providers(folder)
        flags = f"-X github.com/traefik/traefik/v3/pkg/version.Version={version()}"
        golang.build(PACKAGE, "traefik", folder, "traefik", flags=flags)
        shutil.rmtree(folder / "lego")

    return cache.entry("traefik", cache.digest(*cache.tree_files(SOURCE), 2), build) / "traefik"


def without_dns_providers(folder):
    """Has the module in this folder use a copy of lego with an empty table of DNS providers."""
    lego = output(["go", "-C", folder, "list", "-m", "-f", "{{.Dir}}", _LEGO]).strip()
    # The cache's files are read-only, and so would be their copies.
    shutil.copytree(lego, folder / "lego", copy_function=shutil.copyfile)
    run(["chmod", "-R", "u+w", folder / "lego"], log="traefik")
    shutil.copyfile(SOURCE / "no_dns_providers.go", folder / "lego" / _TABLE)
    run(["go", "mod", "edit", f"-replace={_LEGO}=./lego"], log="traefik", cwd=folder)


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
