"""The images of a real application, Miniflux and PostgreSQL, and of PgBouncer, from Debian's packages, on one base layer."""

import shutil

from . import cache, layers, paths
from .oci import Image

ENTRYPOINTS = paths.BED / "images"
_POSTGRES_PATH = "/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Compilers of queries, translations and Perl: half of the packages' size, and nothing that the tests use.
_SLIM_POSTGRES = """
rm -rf usr/lib/x86_64-linux-gnu/libLLVM* usr/lib/llvm* usr/lib/postgresql/17/lib/bitcode \
    usr/lib/postgresql/17/lib/llvmjit* usr/share/i18n usr/share/perl usr/lib/x86_64-linux-gnu/perl \
    usr/share/locale var/lib/postgresql/17 etc/postgresql/17
"""


def base_layer(base_tree):
    """The layer that both stand on."""

    def build(folder):
        layers.pack(base_tree, folder / "layer", exclude=("proc", "sys", "dev", "var/cache", "var/lib/apt"))

    return cache.entry("base-layer", cache.digest(base_tree.parent.name, 1), build) / "layer"


def _layer(name, base_tree, packages, slim):
    entrypoint = ENTRYPOINTS / f"{name}-entrypoint"

    def build(folder):
        work = folder / "work"
        work.mkdir()
        added = layers.installed_on(base_tree, work, packages, log=name, after=slim)
        shutil.copy(entrypoint, added / entrypoint.name)
        layers.pack(added, folder / "layer", exclude=("proc", "sys", "dev", "run", "tmp", "var/cache"))
        shutil.rmtree(work)

    key = cache.digest(base_tree.parent.name, packages, slim, entrypoint, layers)
    return cache.entry(f"{name}-layer", key, build) / "layer"


def _postgres_layer(base_tree):
    return _layer("postgres", base_tree, ["postgresql-17", "locales"], _SLIM_POSTGRES)


def postgres(base_tree):
    """PostgreSQL 17, with what recipes expect of the official image's environment."""
    settings = {
        "Entrypoint": ["/postgres-entrypoint"],
        "Cmd": ["postgres"],
        "Env": [f"PATH={_POSTGRES_PATH}", "PGDATA=/var/lib/postgresql/data/17"],
        "StopSignal": "SIGINT",
    }
    return [Image("postgres:17", [base_layer(base_tree), _postgres_layer(base_tree)], settings)]


def pgbouncer(base_tree):
    """PgBouncer as it is installed; the recipe starts it. With PostgreSQL's layer below it, for pg_isready."""

    def build(folder):
        work = folder / "work"
        work.mkdir()
        added = layers.installed_on(base_tree, work, ["pgbouncer"], log="pgbouncer")
        layers.pack(added, folder / "layer", exclude=("proc", "sys", "dev", "run", "tmp", "var/cache"))
        shutil.rmtree(work)

    layer = cache.entry("pgbouncer-layer", cache.digest(base_tree.parent.name, layers, 1), build) / "layer"
    settings = {"Env": [f"PATH={_POSTGRES_PATH}"]}
    return [Image("pgbouncer:1", [base_layer(base_tree), _postgres_layer(base_tree), layer], settings)]


def miniflux(base_tree):
    """Miniflux 2.2, a version whose migration harms the database before it fails to come up, and one that does it well."""
    layer = _layer("miniflux", base_tree, ["miniflux", "dbconfig-no-thanks"], "true")

    def image(version, lower, env):
        settings = {
            "Entrypoint": ["/miniflux-entrypoint"],
            "User": "nobody",
            "Env": [f"PATH={_POSTGRES_PATH}", "LISTEN_ADDR=0.0.0.0:8080", *env],
        }
        return Image(f"miniflux:{version}", [base_layer(base_tree), *lower, layer], settings)

    # With PostgreSQL's layer below it, for psql.
    migrating = [_postgres_layer(base_tree)]
    return [
        image("2.2.6", [], []),
        image("2.3.0-breaks", migrating, ["BREAKING_MIGRATION=1"]),
        image("2.3.1", migrating, ["GOOD_MIGRATION=1"]),
    ]
