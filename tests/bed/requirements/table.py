"""The table of `table.tsv`: which command comes with which package of Debian."""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("table.tsv")
NOT_PREPARED = ("(built)", "(optional)")
"""What stands in place of a package for a command that `prepare` does not see to."""


@dataclass(frozen=True)
class Row:
    """A command and its package; a package without a command that anybody starts has `-` there."""

    command: str
    package: str


def rows(text=None):
    """The rows of the table."""
    lines = (line.partition("#")[0].split() for line in (FILE.read_text() if text is None else text).splitlines())
    return [Row(*words) for words in lines if words]


def commands(table):
    """All commands that the table names."""
    return {row.command for row in table} - {"-"}
