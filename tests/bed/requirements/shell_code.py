"""The programs that shell code starts, read from the syntax tree that `shfmt` makes of it."""

import functools
import json
import re
import subprocess

from .findings import Finding, annotated

HOLE = "\0"
"""Stands in a word for what is known only when the script runs."""

_HERE_COMMANDS = ("exec", "command", "builtin", "time", "nohup", "nice", "setsid", "env", "timeout", "xargs", "unshare", "sudo")
"""They start the program that the rest of their words names."""
SHELLS = ("sh", "bash", "script")
"""They take a script behind `-c`."""


class NotShell(ValueError):
    """A text is no shell that `shfmt` can parse."""


def programs(text, place, *, sourced=lambda name: None, first_line=1, said=None):
    """What a script starts. `sourced` gives the text of a file that it reads in, by its last name, or `None`; `said` are
    the programs that the code around the script names for it."""
    text = text.replace(HOLE, "$hole")
    tree = parse(text, place)
    functions = _functions(tree) | set().union(*(_functions_of(name, sourced) for name in _sources(tree)))
    walk = _Walk(text, place, functions, first_line, said)
    walk.visit(tree)
    return walk.found


def parse(text, place):
    """The syntax tree as nested dictionaries and lists."""
    done = subprocess.run(["shfmt", "--to-json"], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotShell(f"{place}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@functools.cache
def builtins():
    """What bash itself carries out."""
    return frozenset(subprocess.run(["bash", "-c", "compgen -bk"], capture_output=True, text=True, check=True).stdout.split())


def _nodes(tree):
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _functions(tree):
    return {node["Name"]["Value"] for node in _nodes(tree) if node.get("Type") == "FuncDecl"}


def _functions_of(name, sourced):
    text = sourced(name)
    return set() if text is None else _functions(parse(text, name))


def _sources(tree):
    for node in _nodes(tree):
        words = [word_of(argument) for argument in node.get("Args") or []] if node.get("Type") == "CallExpr" else []
        if words[:1] in (["."], ["source"]) and len(words) > 1:
            yield words[1].rsplit("/", 1)[-1]


def word_of(word):
    """The text of a word, with a hole for each expansion."""
    return "".join(_part(part) for part in word.get("Parts") or [])


def _part(part):
    match part["Type"]:
        case "Lit":
            return re.sub(r"\\(.)", r"\1", part["Value"], flags=re.DOTALL)
        case "SglQuoted":
            return part.get("Value", "")
        case "DblQuoted":
            return "".join(_part(inner) for inner in part.get("Parts") or [])
    return HOLE


class _Walk:
    def __init__(self, text, place, functions, first_line, said):
        self.lines, self.place, self.functions, self.first_line, self.said = text.splitlines(), place, functions, first_line, said
        self.found = []

    def visit(self, tree):
        for node in _nodes(tree):
            if node.get("Type") == "CallExpr" and node.get("Args"):
                line, end = node["Pos"]["Line"], node["Args"][-1]["End"]["Line"]
                said = annotated(self.lines, line, end)
                self.command([word_of(argument) for argument in node["Args"]], line, self.said if said is None else said)

    def command(self, words, line, said):
        """Takes in one command, and those that it starts in turn."""
        name, last = words[0], program_name(words[0])
        if name in ("command", "type") and words[1:2] in (["-v"], ["-p"]):
            return self.command(words[2:3], line, said)
        if name in ("trap", "eval") and len(words) > 1:
            return self.script(words[1] if name == "trap" else " ".join(words[1:]), line, said)
        self.start(last, line, said)
        if last in SHELLS and (at := command_option(words)):
            self.script(words[at], line, said)
        for at in (at for at, word in enumerate(words) if last == "find" and word in ("-exec", "-execdir", "-ok")):
            self.command(words[at + 1 :], line, said)
        if rest := inner(words):
            self.command(rest, line, said)

    def start(self, name, line, said):
        """Notes one program; a builtin or a function is none."""
        for one in said if HOLE in name and said is not None else [name]:
            if one not in builtins() and one not in self.functions:
                self.found.append(Finding(self.place, self.first_line + line - 1, None if HOLE in one else one))

    def script(self, text, line, said):
        """Takes in a script that stands in a word."""
        walk_line = self.first_line + line - 1
        found = programs(text, self.place, first_line=walk_line, said=said)
        self.found += [one for one in found if one.name not in self.functions]


def program_name(word):
    """The name of a program without its folder; a hole where it is known only at run time."""
    return word.rsplit("/", 1)[-1]


def command_option(words):
    """Where the script of `sh -c` stands, or 0."""
    for at, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[a-z]*c", word) and at + 1 < len(words):
            return at + 1
        if not word.startswith(("-", "+")):
            return 0
    return 0


def inner(words):
    """The command that one of `_HERE_COMMANDS` starts: what follows its options, or `--` where that is there."""
    name, rest = words[0].rsplit("/", 1)[-1], words[1:]
    if name not in _HERE_COMMANDS:
        return []
    if name == "unshare" and "--" in rest:
        return rest[rest.index("--") + 1 :]
    while rest and (rest[0].startswith("-") or name == "env" and "=" in rest[0]):
        rest = rest[1:]
    return rest[1:] if name == "timeout" else rest
