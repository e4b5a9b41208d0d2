"""The programs that Python code starts, read from its syntax tree.

A call of `subprocess` or its like is followed to the words of the command. Where these come from a parameter, the function is
one that starts programs too, and its callers are read in the same way. Whatever cannot be followed is reported as such, and
so is a starter that is handed on instead of being called: nothing is passed over in silence.
"""

import ast
from dataclasses import dataclass, field

from . import shell_code
from .findings import Finding, annotated
from .shell_code import HOLE
from .values import Parameter, Values

_ENDINGS = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")
STARTERS = {
    **{f"subprocess.{name}": (0, "args", "command") for name in ("run", "Popen", "call", "check_call", "check_output")},
    **{f"subprocess.{name}": (0, "cmd", "script") for name in ("getoutput", "getstatusoutput")},
    **{f"os.{name}": (0, "command", "script") for name in ("system", "popen")},
    **{f"os.exec{ending}": (0, "file", "program") for ending in _ENDINGS},
    **{f"os.spawn{ending}": (1, "file", "program") for ending in _ENDINGS},
    **{f"os.posix_spawn{ending}": (0, "path", "program") for ending in ("", "p")},
    "shutil.which": (0, "cmd", "program"),
    "pty.spawn": (0, "argv", "command"),
    "asyncio.create_subprocess_exec": (0, "program", "program"),
    "asyncio.create_subprocess_shell": (0, "cmd", "script"),
}
"""What starts a program: where the argument stands that names it, what it is called, and what it is."""


@dataclass
class Module:
    """One file of Python."""

    place: str
    text: str
    name: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """What an imported name stands for, with the last name of its module."""
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    fields: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Of an attribute that a constructor takes: the class, and the place of the argument."""

    def __post_init__(self):
        self.tree = ast.parse(self.text, self.place)
        self.lines = self.text.splitlines()
        self.name = self.name or self.place.rsplit("/", 1)[-1].removesuffix(".py")
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                child.parent = node
            self._note(node)

    def _note(self, node):
        match node:
            case ast.Import():
                self.names.update({alias.asname or alias.name: alias.name for alias in node.names})
            case ast.ImportFrom():
                prefix = f"{node.module.rsplit('.', 1)[-1]}." if node.module else ""
                self.names.update({alias.asname or alias.name: prefix + alias.name for alias in node.names})
            case ast.FunctionDef():
                self.functions[node.name] = node
            case ast.ClassDef():
                self.classes.add(node.name)
                declared = [part.target.id for part in node.body if isinstance(part, ast.AnnAssign)]
                self.fields.update({name: (node.name, at) for at, name in enumerate(declared)})


def programs(modules):
    """What modules that import each other start."""
    reader = _Reader(modules)
    known = 0
    while known != len(reader.starters):
        known = len(reader.starters)
        reader.read()
    return sorted(reader.found, key=lambda one: (one.place, one.line, one.name or ""))


class _Reader:
    def __init__(self, modules):
        self.modules, self.values, self.starters = modules, Values(modules), dict(STARTERS)
        self.found = set()

    def read(self):
        """Reads all, with the starters that are known by now."""
        self.found = set()
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    starter = self.starters.get(self.values.key(node, module))
                    if starter and not _is_declared(node):
                        self._start(node, module, *starter)

    def _start(self, node, module, place, name, kind):
        call = node.parent
        if not (isinstance(call, ast.Call) and call.func is node):
            return self._note(module, node, HOLE)
        argument = _argument(call, place, name)
        if argument is None:
            return self._note(module, call, HOLE)
        if kind == "command" and _has_shell(call):
            kind = "script"
        if kind == "command":
            for words in self.values.commands(argument, module):
                self._command(words, module, call)
        for text in self.values.texts(argument, module) if kind != "command" else []:
            self._command([text] if kind == "program" else ["sh", "-c", text], module, call)

    def _command(self, words, module, call):
        """Takes in one command, and what it starts in turn."""
        head = words[0] if words else HOLE
        if isinstance(head, Parameter):
            if _said(module, call) is not None:
                return self._note(module, call, HOLE)
            return self._hand_on(head, module, call)
        program = shell_code.program_name(head)
        self._note(module, call, program)
        told = [word if isinstance(word, str) else HOLE for word in words]
        if program in shell_code.SHELLS and (at := shell_code.command_option(told)):
            self._script(words[at], module, call)
        rest = shell_code.inner(told)
        if rest:
            self._command(words[len(words) - len(rest) :], module, call)

    def _script(self, script, module, call):
        if isinstance(script, Parameter):
            return self._hand_on(script, module, call, "script")
        said = _said(module, call)
        try:
            found = shell_code.programs(script, module.place, said=said)
        except shell_code.NotShell:
            return self._note(module, call, HOLE)
        for one in found:
            self.found.add(Finding(module.place, call.lineno, one.name))

    def _hand_on(self, parameter, module, call, kind="command"):
        """The program comes from the caller: so the function starts programs too."""
        if parameter.place < 0 or parameter.function == "<lambda>":
            return self._note(module, call, HOLE)
        self.starters.setdefault(parameter.function, (parameter.place, parameter.name, kind))

    def _note(self, module, node, name):
        said = _said(module, node) if HOLE in name else None
        for one in [name] if said is None else said:
            if one not in shell_code.builtins() or HOLE in one:
                self.found.add(Finding(module.place, node.lineno, None if HOLE in one else one))


def _said(module, node):
    while not isinstance(node, ast.stmt):
        node = node.parent
    # The comment stands above the statement, or on one of its lines; a block has only its first.
    last = node.lineno if hasattr(node, "body") else node.end_lineno
    return annotated(module.lines, node.lineno, last)


def _argument(call, place, name):
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    before = call.args[: place + 1]
    return before[place] if len(before) > place and not any(isinstance(one, ast.Starred) for one in before) else None


def _has_shell(call):
    asked = [keyword.value for keyword in call.keywords if keyword.arg == "shell"]
    return any(not (isinstance(value, ast.Constant) and not value.value) for value in asked)


def _is_declared(node):
    """Whether it only says what type something is of."""
    return isinstance(node.parent, ast.AnnAssign | ast.arg | ast.Subscript | ast.FunctionDef)
