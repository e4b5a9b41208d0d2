"""What a switch does to the units that run: a value, made from the units, the old system's files and the new one's."""

import re
from dataclasses import dataclass, field

from . import unit_file

_INSTANCE = re.compile(r"^(.*@)[^.]*(\..*)$")
# Their dependents pull them in; paths and slices take new settings at the reload.
_LEFT_ALONE = ("sysinit.target", "basic.target", "multi-user.target", "graphical.target")
_AFTER_SLEEP = ("suspend.target", "hibernate.target", "hybrid-sleep.target")


@dataclass
class Plan:
    """The units to stop, to start and so on. Targets are started without being named."""

    stop: set = field(default_factory=set)
    start: set = field(default_factory=set)
    restart: set = field(default_factory=set)
    reload: set = field(default_factory=set)
    skip: set = field(default_factory=set)
    targets: set = field(default_factory=set)

    def told(self, tense):
        """A line for each kind of what is done; `tense` has a word for every kind."""
        kinds = {kind: sorted(getattr(self, kind) - self.targets, key=str.lower) for kind in tense}
        return [f"{tense[kind]} units: {', '.join(names)}" for kind, names in kinds.items() if names]


class Planner:
    """Compares the running units one by one."""

    def __init__(self, running, old, new, plan=None):
        self.running, self.old, self.new = running, old, new
        self.plan = plan or Plan()

    def compare_all(self):
        """The whole plan."""
        for name, state in self.running.items():
            template = self._template(name)
            if state in ("active", "activating") and (self.old / (template or name)).exists():
                self._compare(name, template)
        return self.plan

    def _template(self, name):
        """The template of an instance that has no file of its own."""
        instance = _INSTANCE.match(name)
        if instance and not (self.old / name).exists() and not (self.new / name).exists():
            return "".join(instance.groups())
        return None

    def _compare(self, name, template):
        old = unit_file.read(self.old, name, template)
        if unit_file.is_gone(self.new, template or name):
            if unit_file.flag(old, "Unit", "X-StopOnRemoval", True):
                self.plan.stop.add(name)
            return
        new = unit_file.read(self.new, name, template)
        if name.endswith(".target"):
            self._target(name, new)
            return
        needed = unit_file.compare(old, new)
        if needed == unit_file.RESTART:
            self._changed(name, template, new)
        elif needed == unit_file.RELOAD and name not in self.plan.restart:
            self.plan.reload.add(name)

    def _target(self, name, new):
        """All that run are started again, with whatever they want by now."""
        manual = any(unit_file.flag(new, "Unit", key, False) for key in ("RefuseManualStart", "X-OnlyManualStart"))
        if name not in _AFTER_SLEEP and not manual:
            self.plan.start.add(name)
            self.plan.targets.add(name)
        if unit_file.flag(new, "Unit", "X-StopOnReconfiguration", False):
            self.plan.stop.add(name)

    def _changed(self, name, template, new):
        if name in _LEFT_ALONE or name.endswith((".path", ".slice", ".socket")):
            return
        if name.endswith(".mount"):
            self.plan.restart.add(name)
        elif unit_file.flag(new, "Service", "X-ReloadIfChanged", False):
            self.plan.reload.add(name)
        elif self._is_kept(new):
            self.plan.skip.add(name)
        elif not name.endswith(".service") or not unit_file.flag(new, "Service", "X-StopIfChanged", True):
            self.plan.restart.add(name)
        else:
            self._stop_and_start(name, template, new)

    @staticmethod
    def _is_kept(new):
        manual = any(unit_file.flag(new, "Unit", key, False) for key in ("RefuseManualStop", "X-OnlyManualStart"))
        return manual or not unit_file.flag(new, "Service", "X-RestartIfChanged", True)

    def _stop_and_start(self, name, template, new):
        """With the old file it is stopped, with the new one started; where a socket starts it, the socket is."""
        base = (template or name).removesuffix(".service").removesuffix("@")
        sockets = " ".join(new.get("Service", {}).get("Sockets", [])).split() or [f"{base}.socket"]
        activated = False
        for socket in sockets:
            kept = (self.new / socket).exists()
            if socket in self.running:
                self.plan.stop.add(socket)
            if socket in self.running and kept:
                self.plan.start.add(socket)
            activated |= kept
        self.plan.stop.add(name)
        if not activated or unit_file.flag(new, "Service", "X-NotSocketActivated", False):
            self.plan.start.add(name)
