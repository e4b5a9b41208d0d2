"""What every host is made from: built once, in parallel, and kept in the cache."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import applications, cache, debian, hello, oci, paths, registry, shop, traefik
from .progress import Progress
from .shell import run


@dataclass
class Template:
    """The parts of a host that no host changes."""

    lowers: list[Path]
    """Folders that lie under a host's own changes, the topmost first."""
    helpers: Path | None
    """The folder of the helpers' binaries; none where a host is wanted without them."""

    def save(self, file):
        """Writes it down for another process."""
        file.write_text(json.dumps([[str(lower) for lower in self.lowers], self.helpers and str(self.helpers)]))


def load(file):
    """What `save` wrote."""
    lowers, helpers = json.loads(file.read_text())
    return Template([Path(lower) for lower in lowers], helpers and Path(helpers))


def build(progress=None, *, helpers=True, profile="dev"):
    """Builds what is missing. Steps that need nothing of each other overlap."""
    progress = progress or Progress()

    def step(name, function, *arguments):
        with progress.step(name):
            return function(*arguments)

    pool = ThreadPoolExecutor(max_workers=6)
    try:
        # Compilers are the long way; what only downloads and unpacks fills the gaps they leave.
        program = pool.submit(step, f"Traefik {traefik.version()} from its Go modules", traefik.binary)
        hello_layer = pool.submit(step, "test app hello", hello.layer)
        shop_layer = pool.submit(step, "test app shop", shop.layer)
        binaries = pool.submit(step, "Hearth's helpers", build_helpers, profile) if helpers else None
        base = step(f"Debian {debian.SUITE} base", debian.base)
        root = pool.submit(step, "root of the hosts: systemd, Docker", debian.root, base)
        apps = [
            pool.submit(step, "image postgres", applications.postgres, base),
            pool.submit(step, "image miniflux", applications.miniflux, base),
            pool.submit(step, "image pgbouncer", applications.pgbouncer, base),
        ]
        images = [
            *hello.images(hello_layer.result()),
            *shop.images(shop_layer.result()),
            *(image for app in apps for image in app.result()),
        ]
        store = step("registry with the test images", filled_registry, root.result(), images)
        program.result()
        archives = step("image archive of Traefik", traefik.archive, base)
        keep = [path.parent for path in (base, root.result(), store, archives, program.result())]
        template = Template([archives, store, root.result()], binaries.result() if binaries else None)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    cache.prune(keep + [layer.parent for image in images for layer in image.layers])
    return template


def build_helpers(profile):
    """Compiles the workspace in a profile (the tests' own is `dev`), and returns the folder of the binaries."""
    run(["cargo", "build", "--locked", "--bins", "--profile", profile], log="helpers", cwd=paths.HELPERS)
    return paths.target(paths.HELPERS) / ("debug" if profile == "dev" else profile)


def filled_registry(root, images):
    """The folder that, laid over the root, holds the registry with the images."""

    def fill(folder):
        upper = registry.fill(root, folder, images)
        upper.rename(folder / "tree")
        shutil.rmtree(folder / "work", ignore_errors=True)

    key = cache.digest(root.parent.name, [(image.name, image.config()) for image in images], oci, registry)
    return cache.entry("registry", key, fill) / "tree"
