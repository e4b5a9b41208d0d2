"""Container images without a container engine: layers and settings become blobs, a manifest, an archive.

Formats: OCI image specification 1.1 for what is pushed; the archive of `docker save` for what is loaded from a file.
"""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

_OCI = "application/vnd.oci.image"


@dataclass
class Image:
    """An image: its name with the tag, its layers (plain tars, lowest first), and how it is run."""

    name: str
    layers: list[Path]
    settings: dict = field(default_factory=dict)

    @property
    def repository(self):
        return self.name.rpartition(":")[0]

    @property
    def tag(self):
        return self.name.rpartition(":")[2]

    def config(self):
        """The image's configuration, as the bytes whose digest is its id."""
        rootfs = {"type": "layers", "diff_ids": [digest_of(layer) for layer in self.layers]}
        body = {"architecture": "amd64", "os": "linux", "config": self.settings, "rootfs": rootfs}
        return json.dumps(body, sort_keys=True).encode()

    def manifest(self):
        """The manifest under which a registry serves it. Layers stay plain tars: on one machine, packing is waste."""
        config = self.config()
        body = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _descriptor(f"{_OCI}.config.v1+json", sha256(config), len(config)),
            "layers": [_descriptor(f"{_OCI}.layer.v1.tar", digest_of(layer), layer.stat().st_size) for layer in self.layers],
        }
        return json.dumps(body).encode(), body["mediaType"]

    def save(self, archive):
        """Writes the archive that `docker load` reads."""
        config = self.config()
        names = [f"{digest_of(layer)[7:]}/layer.tar" for layer in self.layers]
        entry = {"Config": f"{sha256(config)[7:]}.json", "RepoTags": [self.name], "Layers": names}
        with tarfile.open(archive, "w") as tar:
            for name, layer in zip(names, self.layers, strict=True):
                tar.add(layer, arcname=name)
            _add(tar, entry["Config"], config)
            _add(tar, "manifest.json", json.dumps([entry]).encode())


def _descriptor(media_type, digest, size):
    return {"mediaType": media_type, "digest": digest, "size": size}


def _add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def sha256(content):
    """The digest of some bytes, as registries write it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


_digests = {}


def digest_of(layer):
    """The digest of a file; each is read once."""
    if layer not in _digests:
        with open(layer, "rb") as source:
            _digests[layer] = "sha256:" + hashlib.file_digest(source, "sha256").hexdigest()
    return _digests[layer]
