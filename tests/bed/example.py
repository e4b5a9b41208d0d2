"""The example host's own facts: its key, its secrets, its domains."""

import json
import tempfile
from pathlib import Path

from . import generations, paths
from .shell import ENCLOSED, output

CA = paths.SECRETS / "example/ca.crt"


def key():
    """The age key, which is public with this repository and protects nothing but tests."""
    return paths.BED / "keys/TEST-ONLY-age.key"


def domains(scenario=None):
    """The domains that it serves, also in the systems that a scenario switches to."""
    declared = [*manifests().values(), *generations.manifests(scenario).values()]
    names = {manifest.get("domain") for manifest in declared}
    return sorted(name for name in names if name)


def manifests():
    """The rendered manifests of its apps, by name."""
    files = sorted((paths.RENDERED / "etc/hearth/apps").glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}


def secret(name, helpers):
    """One of its secrets, decrypted by the helper itself, in memory that is gone afterwards."""
    manifest = json.loads((paths.RENDERED / "etc/hearth/secrets.json").read_text())
    with tempfile.TemporaryDirectory(prefix="hearth-bed-", dir="/dev/shm") as folder:
        wanted = [entry for entry in manifest["secrets"] if entry["name"] == name]
        for entry in wanted:
            entry.update(file=str(paths.SECRETS / Path(entry["file"]).name), path=f"{folder}/link/{name}")
        manifest.update(secrets=wanted, templates=[], identities={"ageKeyFiles": [str(key())], "sshKeyFiles": []})
        manifest.update(stateFolder=f"{folder}/state", generations=f"{folder}/generations", link=f"{folder}/link")
        manifest["placeholders"] = {name: manifest["placeholders"][name]}
        Path(folder, "generations").mkdir()
        Path(folder, "secrets.json").write_text(json.dumps(manifest))
        script = '"$1" "$2/secrets.json" >&2; test -s "$2/link/$3" && cat "$2/link/$3"'
        command = ["sh", "-c", script, "decrypt", helpers / "render-secrets", folder, name]
        # starts: render-secrets
        return output([*ENCLOSED, *command])
