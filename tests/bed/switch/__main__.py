"""python3 switch SYSTEM {switch|boot|test|dry-activate|check}, the host's switch-to-configuration.

Ends with 0; with 1 when a check before the switch refused it; with 4 when a unit failed; with 11 when another switch runs.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from switch import __main__

    sys.exit(__main__.main())

from . import activate, systemd, unit_file
from .plan import Plan, Planner

_ACTIONS = ("switch", "boot", "test", "dry-activate", "check")
_STATE = Path("/run/nixos")
# What the machine boots next; a boot loader's entry elsewhere.
_NEXT_BOOT = Path("/boot/default-system")
_REACTIVATION = "sysinit-reactivation.target"
_WOULD = {
    "stop": "would stop the following", "skip": "would NOT stop the following changed",
    "reload": "would reload the following", "restart": "would restart the following", "start": "would start the following",
}  # fmt: skip
_PRESENT = {"reload": "reloading the following", "restart": "restarting the following", "start": "starting the following"}


def main():
    """Takes the lock, and does what was asked for."""
    system, action = Path(sys.argv[1]), "".join(sys.argv[2:3])
    if action not in _ACTIONS:
        _say(f"Usage: switch-to-configuration [{'|'.join(_ACTIONS)}]")
        return 1
    _STATE.mkdir(mode=0o755, exist_ok=True)
    with open(_STATE / "switch-to-configuration.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            _say("Could not acquire lock")
            return error.errno
        return _perform(system, action)


def _perform(system, action):
    if not checks_pass(system, action):
        _say("Pre-switch checks failed")
        return 1
    if action in ("switch", "boot"):
        activate.link(_NEXT_BOOT, system)
    if action in ("check", "boot"):
        return 0
    os.sync()
    plan = _planned(system)
    if action == "dry-activate":
        _say(*plan.told({kind: _WOULD[kind] for kind in ("stop", "skip")}), "would activate the configuration...")
        _say(*plan.told({kind: _WOULD[kind] for kind in ("reload", "restart", "start")}))
        return 0
    return _switch(system, plan)


def checks_pass(system, action):
    """Whether none of the system's `system.preSwitchChecks` refuses the switch; each is given the system and the action."""
    checks = sorted((system / "pre-switch-checks").glob("*"))
    return os.environ.get("NIXOS_NO_CHECK") == "1" or all(
        subprocess.run([check, system, action], check=False).returncode == 0 for check in checks
    )


def _planned(system):
    """The plan, with what a switch that was cut off left to do."""
    left = Plan(**{kind: _remembered(kind) for kind in ("start", "restart", "reload")})
    running = {unit.name: unit.state for unit in systemd.units() if unit.fragment.startswith(systemd.SYSTEM)}
    return Planner(running, Path(systemd.SYSTEM), system / "etc/systemd/system", left).compare_all()


def _switch(system, plan):
    before = {unit.name for unit in systemd.units()}
    for kind in ("start", "restart", "reload"):
        _list_of(kind).write_text("".join(f"{name}\n" for name in sorted(getattr(plan, kind))))
    _say(*plan.told({"stop": "stopping the following"}))
    systemd.job("stop", plan.stop)
    _say(*plan.told({"skip": "NOT restarting the following changed"}), "activating the configuration...")
    good = True
    if subprocess.run([system / "activate"], check=False).returncode != 0:
        _say("Failed to run activate script")
        good = False
    systemd.reload()
    _say(f"restarting {_REACTIVATION}")
    good &= systemd.job("restart", {_REACTIVATION})
    _reload_what_runs(system, plan)
    for kind in ("reload", "restart", "start"):
        _say(*plan.told({kind: _PRESENT[kind]}))
        good &= systemd.job(kind, getattr(plan, kind))
        _list_of(kind).unlink(missing_ok=True)
    return _end(good, before)


def _reload_what_runs(system, plan):
    """Starts those that were to be reloaded and have been stopped with what they need."""
    for name in [name for name in plan.reload if not systemd.is_active(name)]:
        plan.reload.discard(name)
        if (system / "etc/systemd/system" / name).exists():
            new = unit_file.read(system / "etc/systemd/system", name)
            if not unit_file.flag(new, "Unit", "RefuseManualStart", False):
                plan.start.add(name)


def _end(good, before):
    """Names what is new and what failed."""
    now = systemd.units()
    new = [unit.name for unit in now if not unit.failed and unit.name not in before and not unit.name.endswith(".scope")]
    failed = sorted((unit.name for unit in now if unit.failed), key=str.lower)
    if new:
        _say(f"the following new units were started: {', '.join(sorted(new, key=str.lower))}")
    if failed:
        _say(f"warning: the following units failed: {', '.join(failed)}")
        systemd.show_status(failed)
    return 0 if good and not failed else 4


def _list_of(kind):
    return _STATE / f"{kind}-list"


def _remembered(kind):
    file = _list_of(kind)
    return {line for line in file.read_text().splitlines() if line} if file.exists() else set()


def _say(*lines):
    for line in lines:
        print(line, file=sys.stderr, flush=True)
