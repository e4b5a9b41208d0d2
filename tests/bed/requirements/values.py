"""What an expression of Python can be when it runs, as far as the code tells."""

import ast
from dataclasses import dataclass

from .shell_code import HOLE

_CONVERSIONS = ("str", "list", "tuple", "os.fspath", "Path", "fspath")


@dataclass(frozen=True)
class Parameter:
    """What the caller of a function gives: one word, or all that follow. `function` is the name that callers use."""

    function: str
    place: int
    name: str


class Values:
    """Follows names through the modules of a program. Answers are lists of what is possible."""

    def __init__(self, modules):
        self.modules = modules
        self.by_name = {module.name: module for module in modules}

    def commands(self, node, module, depth=0):
        """The commands that an expression can be, each a list of words; a word that cannot be told is a hole."""
        again = lambda part: self.commands(part, module, depth + 1)  # noqa: E731
        if depth > 12:
            return [[HOLE]]
        match node:
            case ast.List() | ast.Tuple():
                return self._listed(node, module, depth)
            case ast.BinOp(op=ast.Add()):
                return [left + right for left in again(node.left) for right in again(node.right)]
            case ast.IfExp():
                return again(node.body) + again(node.orelse)
            case ast.BoolOp():
                return [command for part in node.values for command in again(part)]
            case ast.ListComp(generators=[only]) if _is_conversion(node.elt):
                return again(only.iter)
            case ast.Subscript(slice=ast.Slice(lower=None)):
                return again(node.value)
            case ast.Call(args=[only]) if _name(node.func) in _CONVERSIONS:
                return again(only)
        return self._followed(node, module, depth, self.commands, [HOLE])

    def texts(self, node, module, depth=0):
        """The texts that an expression can be, with a hole for each part that cannot be told."""
        again = lambda part: self.texts(part, module, depth + 1)  # noqa: E731
        if depth > 12:
            return [HOLE]
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr():
                return self._formatted(node, module, depth)
            case ast.BinOp(op=ast.Add() | ast.Div() as op):
                joint = "/" if isinstance(op, ast.Div) else ""
                return [_joined(left, joint, right) for left in again(node.left) for right in again(node.right)]
            case ast.IfExp():
                return again(node.body) + again(node.orelse)
            case ast.BoolOp():
                return [text for part in node.values for text in again(part)]
            case ast.Call(args=[only]) if _name(node.func) in _CONVERSIONS:
                return again(only)
            case ast.Attribute(attr="executable", value=ast.Name(id="sys")):
                return ["python3"]
        return self._followed(node, module, depth, self.texts, HOLE)

    def key(self, node, module):
        """The name of a function or class that callers in all modules share: `module.name`, or `*.name` of a method."""
        match node:
            case ast.Name(id=name) if name in module.names:
                return module.names[name]
            case ast.Name(id=name) if name in module.functions or name in module.classes:
                return f"{module.name}.{name}"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in module.names:
                return f"{module.names[owner]}.{name}"
            case ast.Attribute(attr=name):
                return f"*.{name}"
        return None

    def _listed(self, node, module, depth):
        commands = [[]]
        for element in node.elts:
            if isinstance(element, ast.Starred):
                more = self.commands(element.value, module, depth + 1)
            else:
                more = [[text] for text in self.texts(element, module, depth + 1)]
            commands = [before + after for before in commands for after in more][:64]
        return commands

    def _formatted(self, node, module, depth):
        texts = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            more = self.texts(inner, module, depth + 1)
            texts = [_joined(before, "", after) for before in texts for after in more][:64]
        return texts

    def _followed(self, node, module, depth, read, unknown):
        """What a name, an attribute or the answer of a function stands for."""
        match node:
            case ast.Name() | ast.Attribute():
                found = self._meanings(node, module)
            case ast.Call():
                found = self._answers(node.func, module)
            case _:
                found = []
        results = []
        for meaning, where in found:
            if isinstance(meaning, Parameter):
                results.append([meaning] if unknown == [HOLE] else meaning)
            else:
                results += read(meaning, where, depth + 1)
        return results or [unknown]

    def _meanings(self, node, module):
        if isinstance(node, ast.Attribute):
            if _name(node.value) == "self" and node.attr in module.fields:
                owner, place = module.fields[node.attr]
                return [(Parameter(f"{module.name}.{owner}", place, node.attr), module)]
            return self._of_module(self.key(node, module) or "")
        for function in enclosing(node):
            if assigned := _assigned(function, node.id):
                return [(value, module) for value in assigned]
            if (place := _parameter(function, node.id)) is not None:
                return [(Parameter(callable_name(function, module), place, node.id), module)]
        if node.id in module.names:
            return self._of_module(module.names[node.id])
        return [(value, module) for value in _assigned(module.tree, node.id)]

    def _of_module(self, key):
        owner, _, name = key.rpartition(".")
        module = self.by_name.get(owner)
        return [(value, module) for value in _assigned(module.tree, name)] if module else []

    def _answers(self, function, module):
        key = self.key(function, module) or ""
        owner, _, name = key.rpartition(".")
        candidates = [self.by_name[owner]] if owner in self.by_name else self.modules if owner == "*" else []
        found = [(one.functions[name], one) for one in candidates if name in one.functions]
        if len(found) != 1:
            return []
        return [
            (node.value, found[0][1])
            for node in ast.walk(found[0][0])
            if isinstance(node, ast.Return) and node.value is not None and next(enclosing(node)) is found[0][0]
        ]


def enclosing(node):
    """The functions around a node, from the innermost."""
    while (node := getattr(node, "parent", None)) is not None:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            yield node


def is_method(function):
    """Whether its first parameter is the object."""
    return isinstance(getattr(function, "parent", None), ast.ClassDef)


def callable_name(function, module):
    """What callers name it by; see `Values.key`."""
    if isinstance(function, ast.Lambda):
        return "<lambda>"
    return f"*.{function.name}" if is_method(function) else f"{module.name}.{function.name}"


def _parameter(function, name):
    arguments = function.args
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    if name in names:
        return names.index(name) - is_method(function)
    rest = [argument.arg for argument in [*arguments.kwonlyargs, arguments.vararg, arguments.kwarg] if argument]
    return -1 if name in rest else None


def _assigned(scope, name):
    """The values that a scope gives a name, apart from those that only rewrite what it had."""
    found = []
    for node in ast.walk(scope):
        inner = next(enclosing(node), None)
        if isinstance(node, ast.Assign) and inner is (None if isinstance(scope, ast.Module) else scope):
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                found.append(node.value)
    return [value for value in found if not _mentions(value, name)]


def _mentions(value, name):
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def _is_conversion(node):
    return isinstance(node, ast.Name) or isinstance(node, ast.Call) and _name(node.func) in _CONVERSIONS


def _name(node):
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    return None


def _joined(left, joint, right):
    return joint.join(HOLE if isinstance(part, Parameter) else part for part in (left, right))
