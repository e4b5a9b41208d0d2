"""systemd, through systemctl."""

import subprocess
import sys
from dataclasses import dataclass

_SHOWN = "Id,ActiveState,SubState,FragmentPath,Following,ExecMainStatus"
SYSTEM = "/etc/systemd/system/"


@dataclass
class Unit:
    """A unit that is loaded."""

    name: str
    state: str
    fragment: str
    failed: bool


def units():
    """All that are not inactive."""
    shown = _systemctl("show", f"--property={_SHOWN}", "*").stdout
    found = []
    for block in shown.strip().split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if fields.get("Following") or fields.get("ActiveState", "inactive") == "inactive":
            continue
        # Waiting for its next try counts when the one before failed.
        again = fields["SubState"] == "auto-restart" and fields.get("ExecMainStatus", "0") != "0"
        failed = fields["ActiveState"] == "failed" or again
        found.append(Unit(fields["Id"], fields["ActiveState"], fields.get("FragmentPath", ""), failed))
    return found


def is_active(name):
    """Whether it runs, or is about to."""
    return _systemctl("show", "--property=ActiveState", "--value", name).stdout.strip() in ("active", "activating")


def job(verb, names):
    """Gives systemd a job for each unit and waits for all; returns whether every one came to its end."""
    if not names:
        return True
    result = _systemctl(verb, "--job-mode=replace", "--", *sorted(names))
    complaints = [line for line in result.stderr.splitlines() if line.strip()]
    print("\n".join(complaints), file=sys.stderr, end="\n" if complaints else "")
    # A job that another one took the place of is nobody's failure.
    return result.returncode == 0 or all(" canceled" in line for line in complaints)


def reload():
    """Forgets what failed, and reads all unit files again."""
    subprocess.run(["systemctl", "reset-failed"], check=True)
    subprocess.run(["systemctl", "daemon-reload"], check=True)


def show_status(names):
    """Prints what is known of units, for whoever called."""
    sys.stderr.flush()
    subprocess.run(["systemctl", "status", "--no-pager", "--full", *names], check=False)


def _systemctl(*arguments):
    return subprocess.run(["systemctl", "--no-ask-password", *arguments], capture_output=True, text=True, check=False)
