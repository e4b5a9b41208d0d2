"""Where things lie."""

import os
from pathlib import Path

BED = Path(__file__).resolve().parent
TESTS = BED.parent
REPO = TESTS.parent
HELPERS = REPO / "helpers"
RENDERED = BED / "rendered"
SECRETS = REPO / "secrets"
SCENARIOS = TESTS / "scenarios"

_xdg = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
CACHE = Path(os.environ.get("HEARTH_BED_CACHE") or Path(_xdg) / "hearth-bed").resolve()
LOGS = CACHE / "logs"
HOSTS = CACHE / "hosts"

# Names of bridges are one name space for the whole machine, whatever cache folder is in use. So the claims on them
# lie here, and not in the cache.
CLAIMS = Path("/run/hearth-bed")


def target(workspace):
    """Where cargo puts what it builds of a workspace."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or workspace / "target")
