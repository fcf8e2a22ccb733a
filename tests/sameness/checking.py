"""Many cases, one after the other, until there are enough lines or a difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Protocol

from tests.sameness.cases import case, huge_sums
from tests.sameness.comparing import both_ways, differences
from tests.sameness.telling import told_differently

if TYPE_CHECKING:
    from iotagg.core._scanner import Scanner
    from tests.sameness.cases import Case

_MANY_GROUPS = 66_000
_STEPS = 3000
_BEYOND_64_BITS, _BEYOND_128_BITS = 2500, 4_000_000  # lines of the largest numbers whose sums are so


@dataclass(slots=True)
class Checked:
    """What was read, without the lines of refused files, and how it differed.

    `became` counts files and lines by what became of them.
    """

    lines: int = 0
    files: int = 0
    became: Counter[str] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)


class Tell(Protocol):
    """What is called after each case."""

    def __call__(self, checked: Checked, /) -> None: ...


def _tell_nothing(_checked: Checked) -> None: ...


def check(scanner: type[Scanner], seed: int, lines: int, *, enough: int = 1, tell: Tell = _tell_nothing) -> Checked:
    """Tell and read both ways: first what needs a form of its own, then cases of so many lines in all.

    Stops after `enough` differences. From 4 million lines on, one file more has sums of squares beyond 128 bits.
    """
    checked = Checked()
    for steps, groups in ((_STEPS, 0), (_STEPS // 10, _MANY_GROUPS)):
        checked.differing += told_differently(scanner, seed, steps, groups)
    compare(checked, scanner, huge_sums(_BEYOND_64_BITS if lines < _BEYOND_128_BITS else _BEYOND_128_BITS))
    checked.lines = 0  # all alike, they do not count
    for number in count():
        if checked.lines >= lines or len(checked.differing) >= enough:
            return checked
        compare(checked, scanner, case(seed, number))
        tell(checked)
    return checked


def compare(checked: Checked, scanner: type[Scanner], given: Case) -> None:
    """Read one case both ways, and note what became of it."""
    pure, compiled = both_ways(scanner)
    differing, outcome = differences(pure, compiled, given)
    checked.differing += [f"{given.name}: {difference}" for difference in differing]
    checked.files += 1
    if outcome.counts is None:
        checked.became["files refused"] += 1
        return
    checked.lines += outcome.counts.lines
    for name in ("headers", "blank", "counted", "rejected"):
        checked.became[name] += getattr(outcome.counts, name)
    if compiled.tally is not None:
        checked.became["judged"] += len(compiled.tally.judged)
        checked.became["forgotten"] += compiled.tally.forgotten
