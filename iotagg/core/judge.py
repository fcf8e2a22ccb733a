"""What the lines below a header say: rows of pairs and days, or why not. The one rule book of reading.

A line is judged cell by cell. A row that was judged is then known to the tally by the bytes of its source, destination
and date, and others that have the same bytes and plain numbers are added up there; they would be judged alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core import cells
from iotagg.core.dates import USUAL_DATE, Date, DateOrder, not_day_first
from iotagg.core.dialect import UNIT_EXPONENTS, Dialect, ReadingOptions
from iotagg.core.metrics import METRICS
from iotagg.core.rejects import RejectLog
from iotagg.core.rows import TornRow, row_cells
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.tally import NewTally, Tally

PairDay = tuple[str, str, str]
_SPARE_KEYS = 10_000


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
class LineJudge:
    """What the lines of a file said so far. `first` is the number of the line that is told by the place 0."""

    dialect: Dialect
    options: ReadingOptions
    max_pair_days: int
    counts: LineCounts
    rejects: RejectLog
    doubtful: RejectLog
    dates: DateOrder
    tally: Tally
    numbers: list[Callable[[bytes], int]]
    groups: dict[tuple[str, str, Date], int] = field(default_factory=dict)
    first: int = 0

    @classmethod
    def of(
        cls,
        dialect: Dialect,
        options: ReadingOptions,
        counts: LineCounts,
        *,
        max_pair_days: int,
        new_file: Callable[[], BinaryIO],
        new_tally: NewTally,
    ) -> LineJudge:
        """Return the judge of a file whose header told its dialect; its counts go on from the given ones."""
        duration = UNIT_EXPONENTS[options.duration_unit]
        in_microseconds = partial(cells.microseconds, exponent=duration)
        return cls(
            dialect=dialect,
            options=options,
            max_pair_days=max_pair_days,
            counts=counts,
            rejects=RejectLog(new_file),
            doubtful=RejectLog(new_file),
            dates=DateOrder(options.day_order),
            tally=new_tally(dialect, [duration if metric.kind == "duration" else 0 for metric in METRICS]),
            numbers=[in_microseconds if metric.kind == "duration" else cells.whole for metric in METRICS],
        )

    def group(self, place: int, source: bytes, destination: bytes, date: bytes) -> int | None:
        """Return the group of a row with plain numbers and these cells, or None where that takes a look at its line.

        Raises FileRefused for one pair and day too many.
        """
        settled = self.dates.settled.get(date)
        if settled is None:
            return None
        try:
            key = cells.address(source), cells.address(destination), settled
        except cells.BadCell:
            return None
        self._make_room()
        return self._group(place, key)

    def line(self, place: int, line: bytes) -> None:
        """Count or reject a line. Raises FileRefused where it speaks against the whole file."""
        line = line.rstrip(b"\r")
        try:
            found = row_cells(line, self.first + place, self.dialect, self.options)
        except TornRow as reason:
            self.reject(place, str(reason), line)
            return
        if found == "blank":
            self.counts.blank += 1
        elif found == "header":
            self.counts.headers += 1
        else:
            self._row(place, found, line)

    def reject(self, place: int, reason: str, line: bytes) -> None:
        """Keep a line that is not counted, and why."""
        self.rejects.add(self.first + place, reason, line)
        self.counts.rejected += 1

    def _row(self, place: int, fields: list[bytes], line: bytes) -> None:
        dialect = self.dialect
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
            self.reject(place, f"{dialect.column(position)}: {reason}", line)
            return
        group = self._group(place, (source, destination, date))
        self.tally.add(group, tuple(numbers))
        self.counts.counted += 1
        if doubtful:
            # Counted for now; a day-first date further down turns it into a rejected line.
            self.doubtful.add(self.first + place, f"{dialect.column(position)}: {not_day_first(text)}", line)
        elif len(text) <= USUAL_DATE:
            self._make_room()
            self.tally.learn(fields[dialect.src], fields[dialect.dst], fields[position], text, group)

    def _group(self, place: int, key: tuple[str, str, Date]) -> int:
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= self.max_pair_days:
                raise FileRefused(
                    f"line {self.first + place}: more than {self.max_pair_days:,} pairs and days in one file;"
                    " split it into smaller ones"
                )
            group = self.groups[key] = len(self.groups)
        return group

    def _make_room(self) -> None:
        # Where every timestamp is another text (epoch seconds), remembering them all would grow with the file.
        if self.tally.known() >= 2 * len(self.groups) + _SPARE_KEYS:
            self.tally.forget()

    def all_rejects(self) -> RejectLog:
        """Return all rejects under the order of dates that the whole file decided, and correct the counts by it."""
        if not self.doubtful.count or self.dates.chosen() != "dmy":
            return self.rejects
        self.counts.rejected += self.doubtful.count
        self.counts.counted -= self.doubtful.count
        return self.rejects.merged(self.doubtful)

    def days(self) -> dict[PairDay, list[int]]:
        """Return the days under that order, and forget them."""
        order = self.dates.chosen()
        dates = {date for _, _, date in self.groups}
        day_of = {date: date if isinstance(date, str) else date.day(order) for date in dates}
        days: dict[PairDay, list[int]] = {}
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
