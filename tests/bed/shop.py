"""The images of `tests/apps/shop`: a web app with a database, and golang-migrate, in good versions and in bad ones."""

import json
import shutil

from . import cache, golang, layers, paths
from .oci import Image

SOURCE = paths.TESTS / "apps/shop"
MIGRATE = "github.com/golang-migrate/migrate/v4/cmd/migrate"

# A version, the migrations that it has beyond those of the first one, and what is set in its image.
VERSIONS = json.loads((SOURCE / "versions.json").read_text())


def layer():
    """The folder with the layer that all versions share: both programs, and the migrations of the first version."""
    sources = [SOURCE / name for name in ("go.mod", "go.sum", "main.go")]

    def build(folder):
        tree, work = folder / "tree", folder / "work"
        work.mkdir()
        (tree / "tmp").mkdir(parents=True)
        for source in sources:
            shutil.copy(source, work)
        for name, package, tags in (("shop", ".", ""), ("migrate", MIGRATE, "postgres")):
            golang.build(package, tree / name, work, "shop", tags=tags)
        shutil.copytree(SOURCE / "migrations", tree / "migrations")
        layers.pack(tree, folder / "layer")
        shutil.rmtree(tree)
        shutil.rmtree(work)

    key = cache.digest(*sources, *cache.tree_files(SOURCE / "migrations"), 1)
    return cache.entry("shop", key, build) / "layer"


def _later(names):
    """The layer with the migrations that a version has beyond the first one's."""
    files = [SOURCE / f"later/{name}.up.sql" for name in names]

    def build(folder):
        tree = folder / "tree"
        (tree / "migrations").mkdir(parents=True)
        for file in files:
            shutil.copy(file, tree / "migrations")
        layers.pack(tree, folder / "layer")
        shutil.rmtree(tree)

    return cache.entry("shop-migrations", cache.digest(*files, 1), build) / "layer"


def images(layer_):
    """All versions."""
    return [_image(layer_, version, **extra) for version, extra in VERSIONS.items()]


def _image(layer_, version, later=(), env=None):
    settings = {
        "Entrypoint": ["/shop"],
        "Env": [f"{name}={value}" for name, value in {"SHOP_VERSION": version, **(env or {})}.items()],
        "ExposedPorts": {"8080/tcp": {}},
    }
    return Image(f"shop:{version}", [layer_, *([_later(later)] if later else [])], settings)
