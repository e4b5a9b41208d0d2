"""The images that the example host pulls at its first boot, in an engine's own form: once for all warm hosts.

A first boot without them takes 23 s of processor time, and a scenario about something else learns nothing from it.
"""

import dataclasses
import io
import shutil

from . import cache, engine
from .host import host

_ARCHIVE = "/opt/hearth/images/traefik.tar"
_PULLED = ("hello:1.0.0", "miniflux:2.2.6", "postgres:17")
# The name that Hearth gives it for its content: without that it would load it once more.
_NAME = (
    f"tar -xOf {_ARCHIVE} manifest.json"
    """ | jq -r '.[0] | .RepoTags[0] + " " + .RepoTags[0] + "-" + .Config[:12]' | xargs docker tag"""
)
# Of what the engine keeps, its images and nothing else: no name of a node, no network, no container.
_CONTAINERD = "containerd/daemon"
_KEPT = ("io.containerd.content.v1.content", "io.containerd.metadata.v1.bolt", "io.containerd.snapshotter.v1.overlayfs")


def warm(template):
    """The folder with the parts of `/var/lib/docker` that are images, as the current engine keeps them."""
    key = cache.digest([lower.parent.name for lower in template.lowers], _PULLED, _KEPT, _NAME, engine.CURRENT, 2)
    return cache.entry("engine", key, lambda folder: _fill(folder, template)) / "docker"


def _fill(folder, template):
    (folder / "docker" / _CONTAINERD).mkdir(parents=True)
    bare = dataclasses.replace(template, helpers=None)
    with host(bare, out=io.StringIO()) as machine:
        machine.start()
        machine.wait_until_succeeds("docker info", timeout=60)
        machine.wait_for_open_port(5000, timeout=60)
        machine.succeed(f"docker load --input {_ARCHIVE}", "docker login --username hearth --password bed localhost:5000")
        machine.succeed(_NAME)
        for image in _PULLED:
            machine.succeed(f"docker pull localhost:5000/{image}")
        machine.succeed("systemctl stop docker.socket docker.service")
        for part in _KEPT:
            shutil.move(machine.container.folder / "docker" / _CONTAINERD / part, folder / "docker" / _CONTAINERD / part)
