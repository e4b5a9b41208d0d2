"""What every host is made from: built once, in parallel, and kept in the cache."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import applications, cache, cargo, debian, docker, hello, oci, registry, shop, traefik, warm as warmth
from .progress import Progress

HELPERS = "Hearth's helpers"


@dataclass
class Template:
    """The parts of a host that no host changes."""

    lowers: list[Path]
    """Folders that lie under a host's own changes, the topmost first."""
    helpers: Path | None
    """The folder of the helpers' binaries; none where a host is wanted without them."""
    engine: Path | None = None
    """What a warm host's engine has before the first boot: the images of that boot."""

    def save(self, file):
        """Writes it down for another process."""
        parts = [self.helpers, self.engine]
        file.write_text(json.dumps([[str(lower) for lower in self.lowers], *(part and str(part) for part in parts)]))


def load(file):
    """What `save` wrote."""
    lowers, *parts = json.loads(file.read_text())
    return Template([Path(lower) for lower in lowers], *(part and Path(part) for part in parts))


def build(progress=None, *, helpers=True, profile="dev", warm=False):
    """Builds what is missing, with what makes hosts warm where that is wanted. Steps that need nothing of each other
    overlap."""
    progress = progress or Progress()

    def step(name, function, *arguments):
        with progress.step(name):
            return function(*arguments)

    pool = ThreadPoolExecutor(max_workers=6)
    try:
        # Compilers are the long way; what only downloads and unpacks fills the gaps they leave.
        program = pool.submit(step, f"Traefik {traefik.version()} from its Go modules", traefik.binary)
        engine = pool.submit(step, f"Docker {docker.version()} from its Go modules", docker.layer)
        hello_layer = pool.submit(step, "test app hello", hello.layer)
        shop_layer = pool.submit(step, "test app shop", shop.layer)
        binaries = pool.submit(step, HELPERS, cargo.build_helpers, profile, progress.noter(HELPERS)) if helpers else None
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
        lowers = [archives, store, engine.result(), root.result()]
        keep = [path.parent for path in (base, program.result(), *lowers)]
        template = Template(lowers, binaries.result() if binaries else None)
        if warm:
            template.engine = step("engine with the images of the first boot", warmth.warm, template)
            keep.append(template.engine.parent)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    cache.prune(keep + [layer.parent for image in images for layer in image.layers])
    return template


def filled_registry(root, images):
    """The folder that, laid over the root, holds the registry with the images."""

    def fill(folder):
        upper = registry.fill(root, folder, images)
        upper.rename(folder / "tree")
        shutil.rmtree(folder / "work", ignore_errors=True)

    key = cache.digest(root.parent.name, [(image.name, image.config()) for image in images], oci, registry)
    return cache.entry("registry", key, fill) / "tree"
