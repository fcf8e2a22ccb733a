"""Sums by group, and the rows that are added to them without a second look.

Most rows of a file are alike in source, destination and date. Once one of them was judged, its bytes are known to stand
for a group, and another row with the same bytes and plain numbers needs no judging: it is only added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.dialect import Dialect
    from iotagg.core.lines import Batch

PLAIN_DIGITS = 16  # any number of so many digits is within the limit of 10^16


class Judge(Protocol):
    """Who says what lines mean; they are told by their places among those that are read together, from 0."""

    def line(self, place: int, line: bytes, /) -> None:
        """Do whatever a line asks for."""
        ...

    def group(self, place: int, source: bytes, destination: bytes, date: bytes, /) -> int | None:
        """Return the group of a row with plain numbers and these cells, or None where that takes a look at its line."""
        ...


class Tally(Protocol):
    """What adds up rows whose meaning is known. It knows no rules: what a line means is said by whoever judges it."""

    def read(self, batch: Batch, judge: Judge) -> tuple[int, int]:
        """Add up the rows of some lines, and have every other line judged, in order.

        Returns how many rows were added without judging the line, and how many lines there were.
        """
        ...

    def learn(self, source: bytes, destination: bytes, timestamp: bytes, date: bytes, group: int, /) -> None:
        """Add rows with such cells to a group from now on; `date` is what the timestamp begins with."""
        ...

    def add(self, group: int, numbers: tuple[int, ...], /) -> None:
        """Add a row's numbers to a group; the groups are numbered from 0, without gaps."""
        ...

    def sums(self, group: int, /) -> list[int]:
        """Return a group's rows and then, for each number, its sum and its sum of squares."""
        ...

    def known(self) -> int:
        """Return how many combinations of cells are known."""
        ...

    def forget(self) -> None:
        """Forget all that was learned, but no sum."""
        ...


NewTally = Callable[["Dialect", Sequence[int]], Tally]


class PurePythonTally:
    """A tally that needs nothing but Python. `exponents` are the powers of ten that plain numbers are multiplied by."""

    def __init__(self, dialect: Dialect, exponents: Sequence[int]) -> None:
        self._pick = itemgetter(*dialect.positions)
        self._splits = max(dialect.positions) + 1
        self._commas = (dialect.width - 1, dialect.width)
        self._exponents = exponents
        self._sums: list[list[int]] = []
        self._known: dict[tuple[bytes, bytes, bytes], list[int]] = {}
        self._date_end = b" "

    def read(self, batch: Batch, judge: Judge) -> tuple[int, int]:  # noqa: D102 (see the protocol)
        lines, quoted = batch.split()
        hits, rows, others = self._sort_out(lines, quoted)
        numbers = self._plain_numbers(rows)
        if numbers is None:
            # Some known combination came with a number that wants judging: rare enough to judge them all.
            hits, others = [], range(len(lines))
        else:
            _add_columns(hits, numbers)
        for place in others:
            judge.line(place, lines[place])
        return len(hits), len(lines)

    def _sort_out(
        self, lines: list[bytes], quoted: bool
    ) -> tuple[list[list[int]], list[tuple[bytes, ...]], Iterable[int]]:
        # Returns the sums and the used cells of rows whose combination is known, and the places of the other lines.
        hits: list[list[int]] = []
        rows: list[tuple[bytes, ...]] = []
        others: list[int] = []
        pick, splits, commas = self._pick, self._splits, self._commas
        known, date_end = self._known.get, self._date_end
        for place, line in enumerate(lines):
            if line.count(b",") in commas and not (quoted and b'"' in line):
                row = pick(line.split(b",", splits))
                sums = known((row[0], row[1], row[2].partition(date_end)[0]))
                if sums is not None:
                    hits.append(sums)
                    rows.append(row)
                    continue
            others.append(place)
        return hits, rows, others

    def _plain_numbers(self, rows: list[tuple[bytes, ...]]) -> list[list[int]] | None:
        # Returns the numbers of the rows, a list for each metric, or None when any is not just a few digits.
        numbers = []
        for column, exponent in zip(list(zip(*rows, strict=True))[3:], self._exponents, strict=False):
            if not all(map(bytes.isdigit, column)) or max(map(len, column)) > PLAIN_DIGITS - exponent:
                return None
            scale = 10**exponent
            numbers.append([int(cell) * scale for cell in column] if exponent else list(map(int, column)))
        return numbers

    def learn(self, source: bytes, destination: bytes, timestamp: bytes, date: bytes, group: int, /) -> None:  # noqa: D102
        self._known[source, destination, date] = self._sums[group]
        self._date_end = timestamp[len(date) :][:1] or self._date_end

    def add(self, group: int, numbers: tuple[int, ...], /) -> None:  # noqa: D102 (see the protocol)
        if group == len(self._sums):
            self._sums.append([0] * (1 + 2 * len(self._exponents)))
        _add_columns([self._sums[group]], [[number] for number in numbers])

    def sums(self, group: int, /) -> list[int]:  # noqa: D102 (see the protocol)
        return self._sums[group]

    def known(self) -> int:  # noqa: D102 (see the protocol)
        return len(self._known)

    def forget(self) -> None:  # noqa: D102 (see the protocol)
        self._known.clear()


def _add_columns(hits: list[list[int]], numbers: list[list[int]]) -> None:
    for sums in hits:
        sums[0] += 1
    for metric, column in enumerate(numbers):
        total, squares = 1 + 2 * metric, 2 + 2 * metric
        for sums, number in zip(hits, column, strict=True):
            sums[total] += number
            sums[squares] += number * number
