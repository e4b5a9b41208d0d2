"""Tests of what a switch decides: compared with NixOS' own, one difference of a unit after the other."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from .switch import __main__ as switch, nix_env, unit_file
from .switch.plan import Planner


class ASwitch(unittest.TestCase):
    """Two systems, each a folder of unit files."""

    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.old, self.new = folder / "old", folder / "new"
        self.old.mkdir()
        self.new.mkdir()

    def plan(self, name, old, new, more=(), state="active"):
        """The plan for one unit that runs, with other units that run and are the same in both systems."""
        for folder, text in ((self.old, old), (self.new, new)):
            if text is not None:
                (folder / name).write_text(text)
            for other in more:
                (folder / other).write_text("[Unit]\n")
        return Planner({name: state, **dict.fromkeys(more, "active")}, self.old, self.new).compare_all()

    def test_leaves_alone_what_is_the_same_or_differs_in_words_alone(self):
        plan = self.plan(
            "a.service",
            "[Unit]\nDescription=a\n[Service]\nExecStart=x\n",
            "[Service]\nExecStart=x\n[Unit]\nOnFailure=b.service\n",
        )
        self.assertEqual(plan.told({"stop": "", "restart": "", "reload": "", "start": ""}), [])

    def test_stops_what_has_no_file_any_more(self):
        self.assertEqual(self.plan("a.service", "[Service]\n", None).stop, {"a.service"})

    def test_leaves_what_asks_for_it_running_without_a_file(self):
        self.assertEqual(self.plan("a.service", "[Unit]\nX-StopOnRemoval=false\n", None).stop, set())

    def test_stops_what_is_masked(self):
        (self.new / "a.service").symlink_to("/dev/null")
        self.assertEqual(self.plan("a.service", "[Service]\n", None).stop, {"a.service"})

    def test_stops_a_changed_service_with_the_old_file_and_starts_it_with_the_new_one(self):
        plan = self.plan("a.service", "[Service]\nExecStart=x\n", "[Service]\nExecStart=y\n")
        self.assertEqual((plan.stop, plan.start, plan.restart), ({"a.service"}, {"a.service"}, set()))

    def test_takes_a_run_under_way_for_one_that_runs(self):
        trigger = "[Unit]\nX-Restart-Triggers={}\n"
        self.assertEqual(self.plan("a.service", trigger.format(1), trigger.format(2), state="activating").stop, {"a.service"})

    def test_does_not_look_at_what_has_ended(self):
        plan = self.plan("a.service", "[Service]\nExecStart=x\n", "[Service]\nExecStart=y\n", state="failed")
        self.assertEqual((plan.stop, plan.start), (set(), set()))

    def test_restarts_in_place_what_must_not_be_down(self):
        new = "[Service]\nExecStart=y\nX-StopIfChanged=false\n"
        self.assertEqual(self.plan("a.service", "[Service]\nExecStart=x\n", new).restart, {"a.service"})

    def test_reloads_what_asks_for_it(self):
        new = "[Service]\nExecStart=y\nX-ReloadIfChanged=true\n"
        self.assertEqual(self.plan("a.service", "[Service]\nExecStart=x\n", new).reload, {"a.service"})
        trigger = "[Unit]\nX-Reload-Triggers={}\n"
        self.assertEqual(self.plan("b.service", trigger.format(1), trigger.format(2)).reload, {"b.service"})

    def test_names_what_goes_on_with_its_old_file(self):
        plan = self.plan("a.service", "[Service]\nExecStart=x\n", "[Service]\nExecStart=y\nX-RestartIfChanged=false\n")
        self.assertEqual((plan.skip, plan.stop), ({"a.service"}, set()))

    def test_compares_an_instance_by_its_template(self):
        for folder, command in ((self.old, "x"), (self.new, "y")):
            (folder / "a@.service").write_text(f"[Service]\nExecStart={command}\n")
        self.assertEqual(self.plan("a@7.service", None, None).stop, {"a@7.service"})

    def test_restarts_the_socket_in_place_of_the_service_that_it_starts(self):
        plan = self.plan("a.service", "[Service]\nExecStart=x\n", "[Service]\nExecStart=y\n", more=["a.socket"])
        self.assertEqual((plan.stop, plan.start), ({"a.service", "a.socket"}, {"a.socket"}))

    def test_starts_every_target_again_without_naming_it(self):
        plan = self.plan("a.target", "[Unit]\n", "[Unit]\n")
        self.assertEqual((plan.start, plan.told({"start": "starting"})), ({"a.target"}, []))

    def test_does_not_start_a_target_that_nobody_may_start(self):
        self.assertEqual(self.plan("a.target", "[Unit]\n", "[Unit]\nRefuseManualStart=true\n").start, set())

    def test_drop_ins_add_to_a_unit_and_an_empty_value_takes_back(self):
        (self.new / "a.service").write_text("[Service]\nExecStart=x\n[Install]\nWantedBy=b\n")
        (self.new / "a.service.d").mkdir()
        (self.new / "a.service.d/more.conf").write_text("[Service]\nExecStart=\nExecStart=y\n")
        self.assertEqual(unit_file.read(self.new, "a.service"), {"Service": {"ExecStart": ["y"]}})


class ACheck(unittest.TestCase):
    """What a system asks before it is switched to."""

    def setUp(self):
        self.system = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def declare(self, name, text):
        file = self.system / "pre-switch-checks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def test_is_told_the_system_and_the_action(self):
        self.declare("a", f'test "$1" = {self.system} && test "$2" = switch')
        self.assertTrue(switch.checks_pass(self.system, "switch"))
        self.assertFalse(switch.checks_pass(self.system, "boot"))

    def test_one_of_several_can_refuse(self):
        self.declare("a", "true")
        self.declare("b", "false")
        self.assertFalse(switch.checks_pass(self.system, "switch"))

    def test_is_not_asked_where_nobody_wants_it(self):
        self.declare("a", "false")
        with mock.patch.dict(os.environ, NIXOS_NO_CHECK="1"):
            self.assertTrue(switch.checks_pass(self.system, "switch"))


class AProfile(unittest.TestCase):
    """Generations of a system, the links that nix-env makes."""

    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.profile, self.systems = folder / "system", [folder / name for name in "ab"]
        for system in self.systems:
            system.mkdir()

    def run_with(self, *arguments):
        with mock.patch("sys.argv", ["nix-env", "-p", str(self.profile), *map(str, arguments)]):
            nix_env.main()
        return self.profile.resolve()

    def test_goes_back_to_the_generation_before_and_no_further(self):
        first, second = self.systems
        self.run_with("--set", first)
        self.assertEqual(self.run_with("--set", second), second)
        self.assertEqual(self.run_with("--rollback"), first)
        with self.assertRaisesRegex(SystemExit, "no profile version older"):
            self.run_with("--rollback")

    def test_a_system_that_is_the_current_one_is_no_generation_more(self):
        self.run_with("--set", self.systems[0])
        self.run_with("--set", self.systems[0])
        self.assertEqual(self.profile.readlink(), Path("system-1-link"))
