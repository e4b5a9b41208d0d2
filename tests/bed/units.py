"""What the units of a host did in their last run, read from systemd and from the receipts."""

import json
import time
from dataclasses import dataclass

OUTCOMES = {0: "unchanged", 10: "changed", 20: "held", 30: "rolled back"}
# A unit's name, and where its helper keeps the receipt.
_STATE = {"hearth-secrets": "secrets", "hearth-swarm": "swarm", "hearth-cert-": "certificates/", "hearth-app-": "apps/"}
_PROPERTIES = "Id,ActiveState,Type,ExecMainStatus,ExecMainStartTimestampMonotonic,ExecMainExitTimestampMonotonic"


@dataclass
class Run:
    """One run of one unit."""

    unit: str
    outcome: str
    seconds: float
    summary: str

    @property
    def good(self):
        return self.outcome in ("unchanged", "changed")


class Watch:
    """Watches the oneshots of hearth.target run, from now on."""

    def __init__(self, machine, since_boot=False):
        self.machine = machine
        listed = machine.succeed("systemctl show hearth.target --property=Wants --value").split()
        self.units = sorted(unit for unit in listed if unit.endswith(".service"))
        self.before = {} if since_boot else {unit: shown.get("started") for unit, shown in self._show().items()}

    def runs(self, timeout=600):
        """Yields each run as it ends."""
        waiting = set(self.units)
        deadline = time.monotonic() + timeout
        while waiting and time.monotonic() < deadline:
            for unit, shown in self._show().items():
                ended = shown["state"] in ("inactive", "failed") and shown["ended"] > 0
                if unit in waiting and (shown["type"] != "oneshot" or ended and shown["started"] != self.before.get(unit)):
                    waiting.discard(unit)
                    if shown["type"] == "oneshot":
                        yield self._run(unit, shown)
            time.sleep(0.1)
        for unit in sorted(waiting):
            yield Run(unit.removesuffix(".service"), "did not run", 0.0, "")

    def _show(self):
        text = self.machine.execute(f"systemctl show {' '.join(self.units)} --property={_PROPERTIES}")[1]
        found = {}
        for block in text.strip().split("\n\n"):
            fields = dict(line.split("=", 1) for line in block.splitlines())
            found[fields["Id"]] = {
                "state": fields["ActiveState"],
                "type": fields["Type"],
                "status": int(fields["ExecMainStatus"]),
                "started": int(fields["ExecMainStartTimestampMonotonic"]),
                "ended": int(fields["ExecMainExitTimestampMonotonic"]),
            }
        return found

    def _run(self, unit, shown):
        name = unit.removesuffix(".service")
        seconds = (shown["ended"] - shown["started"]) / 1e6
        receipt = self._receipt(name)
        outcome = OUTCOMES.get(shown["status"], "failed")
        return Run(name, outcome, seconds, receipt.get("error") or receipt.get("summary", ""))

    def _receipt(self, name):
        for prefix, folder in _STATE.items():
            if name == prefix or (prefix.endswith("-") and name.startswith(prefix)):
                place = f"/var/lib/hearth/{folder}{name.removeprefix(prefix)}/last.json"
                status, text = self.machine.execute(f"cat {place}")
                return json.loads(text) if status == 0 and text.strip() else {}
        return {}
