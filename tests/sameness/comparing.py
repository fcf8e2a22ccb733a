"""The same file, read with the compiled scanner and with Python alone: every way in which the results differ."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import zip_longest
from typing import TYPE_CHECKING

from iotagg.core import judge
from iotagg.core.contribution import cut
from iotagg.core.flows import read_flows
from iotagg.core.native import NativeTally
from iotagg.core.rejects import read_rejects
from iotagg.core.tally import PurePythonTally, Tally
from iotagg.errors import FileRefused
from tests.strategies import ShortReads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core._scanner import Scanner
    from iotagg.core.dialect import Dialect
    from iotagg.core.judge import LineCounts
    from iotagg.core.lines import Batch
    from iotagg.core.tally import Judge, NewTally
    from tests.sameness.cases import Case

_SHOWN = 300


@dataclass(slots=True)
class Outcome:
    """All that is known of a file after it was read; `refused` says why, if it was."""

    refused: str = ""
    content: str = ""
    length: int = 0
    counts: LineCounts | None = None
    day_order: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    prefixes: dict[int, str] = field(default_factory=dict)
    days: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    rejects: bytes = b""
    contribution: bytes = b""


@dataclass(frozen=True, slots=True)
class _Noted:
    judge: Judge
    judged: set[int]
    above: int

    def line(self, place: int, line: bytes, /) -> None:
        self.judged.add(self.above + place)
        self.judge.line(place, line)

    def group(self, place: int, source: bytes, destination: bytes, date: bytes, /) -> int | None:
        return self.judge.group(place, source, destination, date)


class Watched:
    """A tally that remembers which lines below the header were judged, and how often all was forgotten."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._lines = 0
        self.judged: set[int] = set()
        self.forgotten = 0
        self.add, self.learn, self.sums, self.known = tally.add, tally.learn, tally.sums, tally.known

    def read(self, batch: Batch, judge: Judge, /) -> tuple[int, int]:
        added, lines = self._tally.read(batch, _Noted(judge, self.judged, self._lines))
        self._lines += lines
        return added, lines

    def forget(self) -> None:
        self.forgotten += 1
        self._tally.forget()


class Reader:
    """Reads a case one way."""

    def __init__(self, new_tally: NewTally, *, stored: bool = True) -> None:
        self._new_tally = new_tally
        self._stored = stored
        self.tally: Watched | None = None

    def _watched(self, dialect: Dialect, exponents: Sequence[int]) -> Watched:
        self.tally = Watched(self._new_tally(dialect, exponents))
        return self.tally

    def read(self, case: Case) -> Outcome:
        """Return what the file says."""
        self.tally = None
        length = len(case.content)
        usual, judge._SPARE_KEYS = judge._SPARE_KEYS, case.spare_keys  # a small bound is met by small files
        try:
            totals = read_flows(
                ShortReads(case.content, case.sizes),
                case.options,
                prefix_lengths=(length // 3, length),
                max_pair_days=case.max_pair_days,
                new_tally=self._watched,
            )
            outcome = Outcome(
                content=totals.content,
                length=totals.length,
                counts=totals.lines,
                day_order=totals.day_order,
                columns=totals.columns,
                prefixes=totals.prefixes,
                days={key: list(sums) for key, sums in totals.days.items()},
                rejects=b"".join(totals.rejects.members()),
            )
            try:
                if self._stored:
                    outcome.contribution = cut(totals, "site", case.options).stored()
            except FileRefused as reason:
                outcome.contribution = str(reason).encode()
        except FileRefused as reason:
            return Outcome(str(reason))
        finally:
            judge._SPARE_KEYS = usual
        return outcome


def both_ways(scanner: type[Scanner], *, stored: bool = True) -> tuple[Reader, Reader]:
    """Return what reads with Python alone, and what reads with a compiled scanner.

    Both cut contributions too, unless not `stored`: they follow from all the rest, and take as long.
    """
    pure = Reader(PurePythonTally, stored=stored)
    return pure, Reader(lambda dialect, exponents: NativeTally(scanner, dialect, exponents), stored=stored)


def differences(pure: Reader, compiled: Reader, case: Case) -> tuple[list[str], Outcome]:
    """Return how both ways differ over a case, and what the pure one says of it."""
    expected, found = pure.read(case), compiled.read(case)
    differing = [
        f"{each.name}: {shown}"
        for each in fields(Outcome)
        if (shown := _difference(each.name, getattr(expected, each.name), getattr(found, each.name)))
    ]
    return differing + list(_needless(pure.tally, compiled.tally)), expected


def _difference(name: str, expected: object, found: object) -> str:
    if expected == found:
        return ""
    if isinstance(expected, dict) and isinstance(found, dict):
        expected, found = sorted(expected.items(), key=repr), sorted(found.items(), key=repr)
    elif name == "rejects" and isinstance(expected, bytes) and isinstance(found, bytes):
        expected, found = list(read_rejects(expected)), list(read_rejects(found))
    if isinstance(expected, list) and isinstance(found, list):
        expected, found = next((one, other) for one, other in zip_longest(expected, found) if one != other)
    return f"{found!r:.{_SHOWN}} where Python alone says {expected!r:.{_SHOWN}}"


def _needless(pure: Watched | None, compiled: Watched | None) -> Iterator[str]:
    # Not wrong, but slow: the scanner stops at a line that even Python alone adds up without a second look.
    if pure is None or compiled is None or pure.forgotten or compiled.forgotten:
        return
    if needless := compiled.judged - pure.judged:
        first = min(needless) + 1
        yield f"judged: {len(needless)} lines that Python alone knows, the first of them line {first} below the header"
