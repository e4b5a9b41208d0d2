"""What the readers of code report, and how code says what they cannot read."""

import re
from dataclasses import dataclass

_SAID = re.compile(r"(?:#|//) starts: (.+)$")


@dataclass(frozen=True)
class Finding:
    """A program that is started somewhere; without a name where the code tells it only when it runs."""

    place: str
    line: int
    name: str | None


def annotated(lines, first, last):
    """The programs that a comment `# starts: NAME NAME` names, on these lines (from 1) or on the one before; or `None`."""
    for line in lines[max(0, first - 2) : last]:
        if found := _SAID.search(line):
            return found.group(1).split()
    return None
