"""Which engine a host runs: the programs, where they keep images, and where containers' words go."""

import json
from dataclasses import dataclass, replace

from . import docker, paths

_UNIT = """[Service]
Environment=PATH={path}:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=
ExecStart={dockerd} -H fd://
"""


@dataclass(frozen=True)
class Engine:
    """An engine, as a scenario may ask for it."""

    folder: str
    """Where its programs lie."""
    log_driver: str = "journald"
    """The one that the module declares, or another that a host's owner may prefer."""
    store: str | None = None
    """`classic` has a current engine keep images as engines did before; otherwise a new installation's own choice."""


# As on NixOS 26.05. A new host's images lie in containerd's store, though nothing declares it.
CURRENT = Engine(docker.FOLDER)
# What hosts ran before: an engine of 2024, whose images lie in a store of its own.
DEBIAN = Engine("/usr/sbin")
_BY_NAME = {"current": CURRENT, "debian": DEBIAN}


def named(name=None, log_driver=None, store=None):
    """The engine that a scenario names; without a name the current one, logging as declared, with a new host's store."""
    asked = {"log_driver": log_driver, "store": store}
    return replace(_BY_NAME[name or "current"], **{word: value for word, value in asked.items() if value})


def furnish(root, engine):
    """Has a host that is not booted yet run it."""
    root.write("etc/docker/daemon.json", json.dumps(_settings(engine)) + "\n")
    # As on NixOS the engine starts a containerd of its own, which keeps everything below the engine's folder.
    unit = _UNIT.format(path=engine.folder, dockerd=f"{engine.folder}/dockerd")
    root.write("etc/systemd/system/docker.service.d/engine.conf", unit)
    root.link("etc/systemd/system/containerd.service", "/dev/null")
    if engine.folder != DEBIAN.folder:
        # Where the rendered manifests look for the client.
        root.link("usr/bin/docker", f"{engine.folder}/docker")


def _settings(engine):
    limits = {"log-opts": {"max-size": "10m"}} if engine.log_driver == "json-file" else {}
    features = {"features": {"containerd-snapshotter": False}} if engine.store == "classic" else {}
    declared = json.loads((paths.RENDERED / "etc/hearth/bed/daemon.json").read_text())
    return {**declared, "log-driver": engine.log_driver, **limits, **features}
