"""The figures of benchmarks, each beside that of a rival, and the table that a person reads."""

from dataclasses import dataclass


@dataclass
class Figure:
    """What was measured of Hearth and of a rival in the same run. Less is better."""

    what: str
    ours: tuple[str, float]
    theirs: tuple[str, float]
    unit: str
    most: float | None
    """The goal: ours is at most this part of theirs; 0 asks for none at all."""

    def ratio(self):
        """Ours to theirs, as a person says it."""
        (_, ours), (_, theirs) = self.ours, self.theirs
        if not ours or not theirs:
            return f"{ours:g} to {theirs:g}"
        return f"1/{theirs / ours:.0f}" if theirs >= 2 * ours else f"{ours / theirs:.2f}"

    def verdict(self):
        """Whether the goal was met."""
        if self.most is None:
            return "no goal is set"
        if self.most >= 1:
            wanted = f"at most {self.most:g} times"
        else:
            wanted = "0" if self.most == 0 else f"at most 1/{1 / self.most:.0f}"
        met = self.ours[1] <= self.most * self.theirs[1]
        return f"{'met' if met else 'MISSED'} (goal: {wanted})"

    def lines(self):
        """Its lines in the table."""
        for name, value in (self.ours, self.theirs):
            yield f"    {name:<52}{value:>10.{0 if value == int(value) else 1}f} {self.unit}"
        yield f"    {'ratio':<52}{self.ratio():>10}   {self.verdict()}"


class Figures:
    """Collects them."""

    def __init__(self):
        self.figures = []

    def add(self, what, ours, theirs, unit, most=None):
        """One figure; `ours` and `theirs` are pairs of a name and a value."""
        self.figures.append(Figure(what, ours, theirs, unit, most))

    def table(self):
        """All of them."""
        return "\n\n".join("\n".join([figure.what, *figure.lines()]) for figure in self.figures)
