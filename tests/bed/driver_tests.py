"""Tests of what the bed has in common with NixOS' test driver. None of them needs a host."""

import importlib.machinery
import inspect
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from . import machine, paths, scenario, scenario_check


def _stub():
    """The stub as a module: a file of types is Python, too."""
    loader = importlib.machinery.SourceFileLoader("test_driver", str(scenario_check.DRIVER / "test_driver.pyi"))
    module = types.ModuleType(loader.name)
    module.__dict__["annotations"] = None
    exec(compile(loader.get_data(loader.path), loader.path, "exec"), module.__dict__)
    return module


def _parameters(function):
    """Names, kinds and defaults, without annotations, which the bed leaves to the stub."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]


def _methods(cls):
    return {name: function for name, function in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")}


class TheStub(unittest.TestCase):
    """What is checked is what is run."""

    def test_the_beds_machine_has_the_drivers_methods_and_no_others(self):
        self.assertEqual(sorted(_methods(machine.Machine)), sorted(_methods(_stub().QemuMachine)))

    def test_they_take_what_the_drivers_take(self):
        theirs = _methods(_stub().QemuMachine)
        for name, function in _methods(machine.Machine).items():
            with self.subTest(name):
                self.assertEqual(_parameters(function), _parameters(theirs[name]))

    def test_functions_take_what_the_drivers_take(self):
        self.assertEqual(_parameters(machine.retry), _parameters(_stub().retry))

    def test_a_scenario_is_given_the_names_that_it_is_checked_with(self):
        given = scenario._driver_names(mock.Mock(), mock.Mock())
        self.assertEqual(sorted(given), sorted([*scenario_check.driver_names()]))


# Mistakes that a VM would find after it was built, or never: what is said of each, and the text.
_MISTAKES = {
    "a name that nothing defines": ("LONGER", "if LONGER:\n    pass\n"),
    "such a name in a function that nothing calls": ("nowhere", "def never():\n    return nowhere()\n"),
    "a wrong type in a function without annotations": ("float", "def never():\n    host.sleep(0.5)\n"),
    "what the driver lacks": ("container", "print(host.container)\n"),
    "what the bed lacks": ("screenshot", "host.screenshot('page')\n"),
    "an argument that the driver does not take": ("timeout", "host.reboot(timeout=90)\n"),
    "a shared function whose name is taken": ("told", "told = 'a string'\n"),
    "a program of Debian": ("/usr/", "host.succeed('/usr/bin/git --version')\n"),
    "a program of Debian in a unit": ("/bin/", "host.succeed('echo ExecStart=/bin/false')\n"),
    "a folder of the bed": ("/opt/", "host.succeed('cp /opt/hearth/src/x /run')\n"),
    "a folder of the store": ("/etc/systemd/system", "host.succeed('echo > /etc/systemd/system/x.service')\n"),
    "a version of the proxy": ("traefik:3", "host.succeed('docker create hearth/traefik:3.6.12')\n"),
    "a unit without programs": ("systemd-run ", "host.succeed('systemd-run sleep 9')\n"),
}
_RIGHT = "host.succeed('/bin/sh -c true', f'{GIT} --version', timeout=9)\nif LONG:\n    host.start(allow_reboot=True)\n"


class TheCheck(unittest.TestCase):
    """A mistake is found, at its place, and nothing else."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            texts = {"right": _RIGHT, **{f"mistake{number}": text for number, (_, text) in enumerate(_MISTAKES.values())}}
            files = [Path(folder, f"{name}.py") for name in texts]
            for file, text in zip(files, texts.values(), strict=True):
                file.write_text("# A comment.\n" + text)
            cls.found = scenario_check.faults(files)

    def test_every_mistake_is_found_where_it_is(self):
        for number, (mistake, (word, _)) in enumerate(_MISTAKES.items()):
            with self.subTest(mistake):
                found = [(line, words) for name, line, words in self.found if name == f"mistake{number}"]
                self.assertTrue(any(word in words for _, words in found), found)
                self.assertTrue(all(line > 1 for line, _ in found), found)

    def test_what_is_right_is_not_found(self):
        self.assertEqual([words for name, _, words in self.found if not name.startswith("mistake")], [])


class TheVariables(unittest.TestCase):
    """One list says what a test provides to a scenario."""

    def test_a_variable_that_is_not_listed_is_refused(self):
        with mock.patch.dict(scenario._GIVEN, PLANTED="x"), self.assertRaisesRegex(SystemExit, "differ in PLANTED"):
            scenario.given()

    def test_the_long_form_is_told(self):
        self.assertEqual([scenario.given(long)["LONG"] for long in (False, True)], [False, True])

    def test_systems_are_declared_for_scenarios_and_for_nothing_else(self):
        self.assertTrue({file.stem for file in paths.SCENARIOS.glob("[!_]*.nix")} <= set(scenario.names()))
