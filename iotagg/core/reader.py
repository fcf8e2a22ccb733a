"""The lines of a flow CSV, added up by pair and day, or rejected with a reason.

Each distinct combination of source, destination and date is judged once here, and then known to the tally by its raw
bytes; a row of a known combination with plain numbers is only added up there. Whatever is not that plain is judged cell
by cell. Both ways give the same result; the judging way alone says what a row means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core import cells
from iotagg.core.dates import USUAL_DATE, Date, DateOrder, not_day_first
from iotagg.core.dialect import ROLES, UNIT_EXPONENTS, Dialect, ReadingOptions
from iotagg.core.lines import Batch, Overlong
from iotagg.core.metrics import METRICS
from iotagg.core.native import quickest_tally
from iotagg.core.rejects import RejectLog
from iotagg.core.rows import NO_LINE_FEED, OVERLONG, TornRow, no_header, opening, row_cells
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.tally import NewTally, Tally

_SPARE_KEYS = 10_000

PairDay = tuple[str, str, str]


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
    numbers: list[Callable[[bytes], int]] = field(init=False)
    rejects: RejectLog = field(init=False)
    doubtful: RejectLog = field(init=False)
    groups: dict[tuple[str, str, Date], int] = field(default_factory=dict)
    number: int = 0
    new_tally: NewTally = quickest_tally
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.dates = DateOrder(self.options.day_order)
        duration = UNIT_EXPONENTS[self.options.duration_unit]
        self.exponents = [duration if metric.kind == "duration" else 0 for metric in METRICS]
        in_microseconds = partial(cells.microseconds, exponent=duration)
        self.numbers = [in_microseconds if metric.kind == "duration" else cells.whole for metric in METRICS]
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
        for line in batch.split()[0]:
            self.number += 1
            dialect = opening(line, self.number, self.options)
            batch = Batch(batch.text[len(line) + 1 :])
            if dialect is not None:
                self.dialect, self.tally = dialect, self.new_tally(dialect, self.exponents)
                self.counts.headers += 1
                self._add_up(batch, dialect)
                return
            self.counts.blank += 1

    def _add_up(self, batch: Batch, dialect: Dialect) -> None:
        first = self.number + 1

        def judge(place: int, line: bytes) -> None:
            self.number = first + place
            self._judge(line.rstrip(b"\r"), dialect)

        added, lines = self.tally.read(batch, judge)
        self.counts.counted += added
        self.number = first + lines - 1

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
            for position, number in zip(dialect.metrics, self.numbers, strict=True):
                numbers.append(number(fields[position]))
            position = dialect.timestamp
            text = cells.date_text(fields[position])
            date, doubtful = self.dates.judge(text)
        except cells.BadCell as reason:
            self._reject(f"{dialect.column(position)}: {reason}", line)
            return
        group = self._group((source, destination, date))
        self.tally.add(group, tuple(numbers))
        self.counts.counted += 1
        if doubtful:
            # Counted for now; a day-first date further down turns it into a rejected line.
            why = not_day_first(text)
            self.doubtful.add(self.number, f"{dialect.column(position)}: {why}", line)
        else:
            self._remember(fields[dialect.src], fields[dialect.dst], fields[position], text, group)

    def _group(self, key: tuple[str, str, Date]) -> int:
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= self.max_pair_days:
                raise FileRefused(
                    f"line {self.number}: more than {self.max_pair_days:,} pairs and days in one file;"
                    " split it into smaller ones"
                )
            group = self.groups[key] = len(self.groups)
        return group

    def _remember(self, source: bytes, destination: bytes, timestamp: bytes, date: bytes, group: int) -> None:
        # Where every timestamp is another text (epoch seconds), remembering them all would grow with the file.
        if len(date) > USUAL_DATE:
            return
        if self.tally.known() >= 2 * len(self.groups) + _SPARE_KEYS:
            self.tally.forget()
        self.tally.learn(source, destination, timestamp, date, group)

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
        days: dict[PairDay, list[int]] = {}
        day_of = {date: date if isinstance(date, str) else date.day(order) for _, _, date in self.groups}
        while self.groups:
            (source, destination, date), group = self.groups.popitem()
            day = day_of[date]
            if day is None:
                continue
            sums = self.tally.sums(group)
            kept = days.setdefault((source, destination, day), sums)
            if kept is not sums:
                kept[:] = map(sum, zip(kept, sums, strict=True))
        return days
