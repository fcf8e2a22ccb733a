"""Figures and findings as people say them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from iotagg.core.findings import Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.findings import Finding

_TIMES = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"), (1, "µs"))
_LARGE = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_FEW = 10

KIND_NAMES = {
    Kind.SURGE: ("surge", "surges"),
    Kind.DROP: ("drop", "drops"),
    Kind.SILENT: ("pair gone silent", "pairs gone silent"),
    Kind.NEW_PAIR: ("new pair", "new pairs"),
    Kind.FAN_OUT: ("burst of destinations", "bursts of destinations"),
    Kind.SITE_SILENT: ("site that sent nothing", "sites that sent nothing"),
    Kind.REJECTS: ("file with rejected rows", "files with rejected rows"),
    Kind.OTHERS: ("others", "others"),
}
"""One and several of each kind, as one says it."""


def figure(measure: str, value: float) -> str:
    """Return a figure with a unit that leaves few digits: `2.5 h`, `12 k`, `38`; `measure` is `duration` for µs."""
    if measure == "duration":
        for scale, unit in _TIMES:
            if value >= scale:
                return f"{_short(value / scale)} {unit}"
        return "0 s"
    for scale, unit in _LARGE:
        if value >= scale * _FEW:
            return f"{_short(value / scale)} {unit}"
    return _short(value)


def part(value: float, usual: float) -> str:
    """Return what part of the usual something is: `10.8 times`, `25 % of`."""
    if not usual:
        return "beyond"
    return f"{_short(value / usual)} times" if value >= usual else f"{100 * value / usual:.2g} % of"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number of things: `1 pair`, `2 pairs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def kinds_counted(findings: Iterable[Finding]) -> str:
    """Return how many findings there are of each kind, the worst kind first: `2 surges, 1 drop and 3 new pairs`.

    What remains of a day is no kind: its parts are counted.
    """
    numbers: Counter[Kind] = Counter()
    worst: dict[Kind, Severity] = {}
    for finding in _singly(findings):
        numbers[finding.kind] += 1
        worst[finding.kind] = max(finding.severity, worst.get(finding.kind, finding.severity))
    ordered = sorted(numbers, key=lambda kind: (-worst[kind], -numbers[kind], kind))
    parts = [count(numbers[kind], *KIND_NAMES[kind]) for kind in ordered]
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def more_counted(findings: Iterable[Finding]) -> str:
    """Return how many findings there are in all, and of each severity: `7 more (2 medium, 5 low)`, `7 more (low)`."""
    numbers = Counter(finding.severity for finding in findings)
    told = [(numbers[each], each.name.lower()) for each in reversed(Severity) if numbers[each]]
    by_severity = ", ".join(f"{number:,} {name}" for number, name in told) if len(told) > 1 else told[0][1]
    return f"{numbers.total():,} more ({by_severity})"


def _singly(findings: Iterable[Finding]) -> Iterator[Finding]:
    for finding in findings:
        yield from finding.parts if finding.kind is Kind.OTHERS else (finding,)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= _FEW * _FEW or value == int(value) else f"{value:.1f}"
