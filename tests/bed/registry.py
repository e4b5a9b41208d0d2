"""Fills the registry of the hosts: Debian's own docker-registry runs on the template and is pushed to."""

import http.client
import socket
import subprocess
import time
import urllib.parse

from .oci import digest_of, sha256
from .shell import ENCLOSED, CommandFailed, die_with_parent, kill_group

_SERVE = """
set -eu
mkdir -p "$2/upper" "$2/work" "$2/merged"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/merged"
cat > "$2/merged/tmp/registry.yml" <<END
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "127.0.0.1:$3"}
END
exec chroot --userspec=docker-registry "$2/merged" docker-registry serve /tmp/registry.yml
"""


def fill(root, work, images):
    """Pushes images, and returns the folder that, laid over the root, holds the filled registry."""
    port = _free_port()
    command = [*ENCLOSED, "sh", "-c", _SERVE, "serve", str(root), str(work), str(port)]
    with open(work / "registry.log", "wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, start_new_session=True
        )
        try:
            _wait_for(port, server, work / "registry.log")
            for image in images:
                push(port, image)
        finally:
            kill_group(server)
    (work / "upper/tmp/registry.yml").unlink()
    return work / "upper"


def push(port, image):
    """Pushes one image: its blobs, then the manifest under its tag."""
    config = image.config()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for layer in image.layers:
        with open(layer, "rb") as body:
            _push_blob(connection, image.repository, digest_of(layer), body, layer.stat().st_size)
    _push_blob(connection, image.repository, sha256(config), config, len(config))
    manifest, media_type = image.manifest()
    path = f"/v2/{image.repository}/manifests/{image.tag}"
    _request(connection, "PUT", path, manifest, {"Content-Type": media_type}, expect=201)


def _push_blob(connection, repository, digest, body, size):
    if _request(connection, "HEAD", f"/v2/{repository}/blobs/{digest}", expect=(200, 404)).status == 200:
        return
    answer = _request(connection, "POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    location = urllib.parse.urlsplit(answer.headers["Location"])
    path = f"{location.path}?{location.query}&digest={urllib.parse.quote(digest)}"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    _request(connection, "PUT", path, body, headers, expect=201)


def _request(connection, method, path, body=None, headers=None, *, expect):
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in (expect if isinstance(expect, tuple) else (expect,)):
        raise CommandFailed(f"the registry answered {answer.status} to {method} {path}: {text.decode()[:300]}")
    return answer


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _wait_for(port, server, log, seconds=20):
    for _ in range(seconds * 20):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise CommandFailed(f"the registry did not start: {log.read_text()[-500:]}")
