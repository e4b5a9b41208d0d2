"""The programs that Rust code starts, as far as a call of `Command::new` names them.

What a helper starts on a host comes from its manifest, and is no concern of the machine that runs the tests: of code that is
shipped only names in the code itself count. In tests everything counts.
"""

import re

from .findings import Finding, annotated

_CALL = re.compile(r"\bCommand::new\((?P<argument>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
_OWN = re.compile(r'env!\("CARGO_BIN_EXE_|current_exe\(\)|^[A-Z][A-Z_]+$')


def programs(text, place):
    """What a file starts; `None` as a name where a test does not say."""
    lines = text.splitlines()
    tests_from = len(text) if "/src/" in place else 0
    if "#[cfg(test)]" in text:
        tests_from = min(tests_from, text.index("#[cfg(test)]"))
    for call in _CALL.finditer(text):
        argument = call.group("argument").strip()
        line = text.count("\n", 0, call.start()) + 1
        if named := re.fullmatch(r'"([^"]+)"', argument):
            yield Finding(place, line, named.group(1).rsplit("/", 1)[-1])
        elif call.start() >= tests_from and not _OWN.search(argument):
            for name in annotated(lines, line, line) or [None]:
                yield Finding(place, line, name)
