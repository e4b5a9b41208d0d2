"""Tests that a page and the scenario that plays it have the same commands. None of them needs a host."""

import ast
import re
import unittest

from . import paths

# Sections of docs/on-call.md that another scenario plays, each up to its last command.
_PLAYED_ELSEWHERE = {"An app is not in the flake": "undeclared", "A blue-green deploy failed": "blue_green"}


def _commands(page):
    """The commands of a page, by the title of their section."""
    found = {}
    for section in page.split("\n## ")[1:]:
        blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        found[section.splitlines()[0]] = [line for block in blocks for line in block.splitlines()]
    return found


def _scenario(name):
    return (paths.SCENARIOS / f"{name}.py").read_text()


def _assigned(text, name):
    """The literal that a scenario gives a name."""
    assignments = (node for node in ast.parse(text).body if isinstance(node, ast.Assign))
    (value,) = (node.value for node in assignments if ast.unparse(node.targets[0]) == name)
    return ast.literal_eval(value)


class TheOnCallPage(unittest.TestCase):
    """A person who is called types what was tried."""

    def setUp(self):
        self.commands = _commands((paths.REPO / "docs/on-call.md").read_text())

    def test_the_scenario_runs_its_commands_in_their_order(self):
        written = [each for title, commands in self.commands.items() if title not in _PLAYED_ELSEWHERE for each in commands]
        self.assertEqual(_assigned(_scenario("on_call"), "COMMANDS"), written)

    def test_what_another_scenario_plays_is_there(self):
        for title, name in _PLAYED_ELSEWHERE.items():
            with self.subTest(title):
                self.assertIn(self.commands[title][-1], _scenario(name))
