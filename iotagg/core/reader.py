"""The lines of a flow CSV, added up by pair and day, or rejected with a reason.

Most rows are alike in source, destination and date, so each distinct combination is judged once and remembered by its
raw bytes; a row of a known combination with plain numbers is only added up. Whatever is not that plain is judged cell
by cell. Both ways give the same result; the judging way alone says what a row means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core import cells
from iotagg.core.dates import USUAL_DATE, Date, DateOrder, not_day_first
from iotagg.core.dialect import ROLES, UNIT_EXPONENTS, Dialect, ReadingOptions
from iotagg.core.lines import Batch, Overlong
from iotagg.core.metrics import METRICS
from iotagg.core.rejects import RejectLog
from iotagg.core.rows import NO_LINE_FEED, OVERLONG, TornRow, no_header, opening, row_cells
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PLAIN_DIGITS = 16  # any number of so many digits is within the limit of 10^16
_SPARE_KEYS = 10_000

PairDay = tuple[str, str, str]
Row = tuple[bytes, ...]


@dataclass(slots=True)
class LineCounts:
    """How many lines a file has, and what became of each. `headers` includes repeats of the header."""

    headers: int = 0
    blank: int = 0
    counted: int = 0
    rejected: int = 0

    @property
    def lines(self) -> int:
        """All lines: every one is a header, blank, counted or rejected."""
        return self.headers + self.blank + self.counted + self.rejected


@dataclass(slots=True)
class FlowReader:
    """What is known of a file while its lines come by."""

    options: ReadingOptions
    max_pair_days: int
    new_file: Callable[[], BinaryIO]
    counts: LineCounts = field(default_factory=LineCounts)
    dialect: Dialect | None = None
    dates: DateOrder = field(init=False)
    exponents: list[int] = field(init=False)
    rejects: RejectLog = field(init=False)
    doubtful: RejectLog = field(init=False)
    groups: dict[tuple[str, str, Date], list[int]] = field(default_factory=dict)
    known: dict[tuple[bytes, bytes, bytes], list[int]] = field(default_factory=dict)
    number: int = 0
    date_end: bytes = b" "

    def __post_init__(self) -> None:
        self.dates = DateOrder(self.options.day_order)
        duration = UNIT_EXPONENTS[self.options.duration_unit]
        self.exponents = [duration if metric.kind == "duration" else 0 for metric in METRICS]
        self.rejects = RejectLog(self.new_file)
        self.doubtful = RejectLog(self.new_file)

    def read(self, batch: Batch | Overlong) -> None:
        """Read some more lines. Raises FileRefused."""
        if isinstance(batch, Overlong):
            self._read_overlong(batch)
        elif self.dialect is not None:
            self._add_up(batch, self.dialect)
        else:
            self._read_beginning(batch)

    def _read_overlong(self, line: Overlong) -> None:
        self.number += 1
        if self.dialect is None:
            raise FileRefused(NO_LINE_FEED)
        self._reject(OVERLONG, line.beginning)

    def _read_beginning(self, batch: Batch) -> None:
        for index, line in enumerate(batch.lines):
            self.number += 1
            self.dialect = opening(line, self.number, self.options)
            if self.dialect is None:
                self.counts.blank += 1
                continue
            self.counts.headers += 1
            self._add_up(Batch(batch.lines[index + 1 :], quoted=batch.quoted), self.dialect)
            return

    def _add_up(self, batch: Batch, dialect: Dialect) -> None:
        first = self.number + 1
        hits, rows, others = self._sort_out(batch, dialect)
        numbers = self._plain_numbers(rows)
        if numbers is None:
            # Some known combination came with a number that wants judging: rare enough to judge them all.
            others = range(first, first + len(batch.lines))
        else:
            self.counts.counted += len(hits)
            _add_columns(hits, numbers)
        for self.number in others:
            self._judge(batch.lines[self.number - first].rstrip(b"\r"), dialect)
        self.number = first + len(batch.lines) - 1

    def _sort_out(self, batch: Batch, dialect: Dialect) -> tuple[list[list[int]], list[Row], Iterable[int]]:
        # Returns the sums and the used cells of rows whose combination is known, and the numbers of the other lines.
        hits: list[list[int]] = []
        rows: list[Row] = []
        others: list[int] = []
        pick = itemgetter(*dialect.positions)
        splits = max(dialect.positions) + 1
        commas = (dialect.width - 1, dialect.width)
        known, date_end, quoted = self.known.get, self.date_end, batch.quoted
        for number, line in enumerate(batch.lines, self.number + 1):
            if line.count(b",") in commas and not (quoted and b'"' in line):
                row = pick(line.split(b",", splits))
                sums = known((row[0], row[1], row[2].partition(date_end)[0]))
                if sums is not None:
                    hits.append(sums)
                    rows.append(row)
                    continue
            others.append(number)
        return hits, rows, others

    def _plain_numbers(self, rows: list[Row]) -> list[list[int]] | None:
        # Returns the numbers of the rows, a list for each metric, or None when any is not just a few digits.
        numbers = []
        for column, exponent in zip(list(zip(*rows, strict=True))[3:], self.exponents, strict=False):
            if not all(map(bytes.isdigit, column)) or max(map(len, column)) > _PLAIN_DIGITS - exponent:
                return None
            scale = 10**exponent
            numbers.append([int(cell) * scale for cell in column] if exponent else list(map(int, column)))
        return numbers

    def _judge(self, line: bytes, dialect: Dialect) -> None:
        try:
            found = row_cells(line, self.number, dialect, self.options)
        except TornRow as reason:
            self._reject(str(reason), line)
            return
        if found == "blank":
            self.counts.blank += 1
        elif found == "header":
            self.counts.headers += 1
        else:
            self._judge_row(found, dialect, line)

    def _judge_row(self, fields: list[bytes], dialect: Dialect, line: bytes) -> None:
        position = dialect.src
        try:
            source = cells.address(fields[position])
            position = dialect.dst
            destination = cells.address(fields[position])
            numbers = []
            for position, (metric, exponent) in zip(
                dialect.metrics, zip(METRICS, self.exponents, strict=True), strict=True
            ):
                cell = fields[position]
                numbers.append(cells.microseconds(cell, exponent) if metric.kind == "duration" else cells.whole(cell))
            position = dialect.timestamp
            text = cells.date_text(fields[position])
            date, doubtful = self.dates.judge(text)
        except cells.BadCell as reason:
            self._reject(f"{dialect.column(position)}: {reason}", line)
            return
        sums = self._group((source, destination, date))
        _add(sums, numbers)
        self.counts.counted += 1
        if doubtful:
            # Counted for now; a day-first date further down turns it into a rejected line.
            why = not_day_first(text)
            self.doubtful.add(self.number, f"{dialect.column(position)}: {why}", line)
        else:
            self._remember((fields[dialect.src], fields[dialect.dst], text), fields[position], sums)

    def _group(self, key: tuple[str, str, Date]) -> list[int]:
        sums = self.groups.get(key)
        if sums is None:
            if len(self.groups) >= self.max_pair_days:
                raise FileRefused(
                    f"line {self.number}: more than {self.max_pair_days:,} pairs and days in one file;"
                    " split it into smaller ones"
                )
            sums = self.groups[key] = [0] * (1 + 2 * len(METRICS))
        return sums

    def _remember(self, key: tuple[bytes, bytes, bytes], timestamp: bytes, sums: list[int]) -> None:
        # Where every timestamp is another text (epoch seconds), remembering them all would grow with the file.
        if len(key[2]) > USUAL_DATE:
            return
        if len(self.known) >= 2 * len(self.groups) + _SPARE_KEYS:
            self.known.clear()
        self.known[key] = sums
        self.date_end = timestamp[len(key[2]) :][:1] or self.date_end

    def _reject(self, reason: str, line: bytes) -> None:
        self.rejects.add(self.number, reason, line)
        self.counts.rejected += 1

    def columns(self) -> dict[str, str]:
        """Return the name of the column that was found for each role. Raises FileRefused without a header."""
        if self.dialect is None:
            raise no_header(self.counts.blank)
        return {role: self.dialect.names[at] for role, at in zip(ROLES, self.dialect.positions, strict=True)}

    def finish(self) -> tuple[dict[PairDay, list[int]], LineCounts, RejectLog]:
        """Return the days under the order of dates that the whole file decided, the counts, and all rejects."""
        order, rejects = self.dates.chosen(), self.rejects
        if self.doubtful.count and order == "dmy":
            rejects = rejects.merged(self.doubtful)
            self.counts.rejected += self.doubtful.count
            self.counts.counted -= self.doubtful.count
        return self._days(order), self.counts, rejects

    def _days(self, order: str) -> dict[PairDay, list[int]]:
        self.known.clear()
        days: dict[PairDay, list[int]] = {}
        while self.groups:
            (source, destination, date), sums = self.groups.popitem()
            day = date if isinstance(date, str) else date.day(order)
            if day is None:
                continue
            kept = days.setdefault((source, destination, day), sums)
            if kept is not sums:
                kept[:] = map(sum, zip(kept, sums, strict=True))
        return days


def _add(sums: list[int], numbers: list[int]) -> None:
    _add_columns([sums], [[number] for number in numbers])


def _add_columns(hits: list[list[int]], numbers: list[list[int]]) -> None:
    for sums in hits:
        sums[0] += 1
    for metric, column in enumerate(numbers):
        total, squares = 1 + 2 * metric, 2 + 2 * metric
        for sums, number in zip(hits, column, strict=True):
            sums[total] += number
            sums[squares] += number * number
