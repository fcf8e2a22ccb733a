"""A flow CSV from its first line to its last: the header, and then the lines that it tells how to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core.dialect import ROLES, ReadingOptions
from iotagg.core.judge import LineCounts, LineJudge, PairDay
from iotagg.core.lines import Batch, Overlong
from iotagg.core.native import quickest_tally
from iotagg.core.rows import NO_LINE_FEED, OVERLONG, no_header, opening
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.rejects import RejectLog
    from iotagg.core.tally import NewTally


@dataclass(slots=True)
class FlowReader:
    """What is known of a file while its lines come by; until the header came, there is no judge of lines."""

    options: ReadingOptions
    max_pair_days: int
    new_file: Callable[[], BinaryIO]
    new_tally: NewTally = quickest_tally
    counts: LineCounts = field(default_factory=LineCounts)
    judge: LineJudge | None = None
    number: int = 0

    def read(self, batch: Batch | Overlong) -> None:
        """Read some more lines. Raises FileRefused."""
        if isinstance(batch, Overlong):
            self._read_overlong(batch)
        elif self.judge is not None:
            self._add_up(batch, self.judge)
        else:
            self._read_beginning(batch)

    def _read_overlong(self, line: Overlong) -> None:
        if self.judge is None:
            raise FileRefused(NO_LINE_FEED)
        self.judge.first = self.number + 1
        self.judge.reject(0, OVERLONG, line.beginning)
        self.number += 1

    def _read_beginning(self, batch: Batch) -> None:
        for line in batch.split()[0]:
            self.number += 1
            dialect = opening(line, self.number, self.options)
            batch = Batch(batch.text[len(line) + 1 :])
            if dialect is not None:
                self.counts.headers += 1
                self.judge = LineJudge.of(
                    dialect,
                    self.options,
                    self.counts,
                    max_pair_days=self.max_pair_days,
                    new_file=self.new_file,
                    new_tally=self.new_tally,
                )
                self._add_up(batch, self.judge)
                return
            self.counts.blank += 1

    def _add_up(self, batch: Batch, judge: LineJudge) -> None:
        judge.first = self.number + 1
        added, lines = judge.tally.read(batch, judge)
        self.counts.counted += added
        self.number += lines

    def columns(self) -> dict[str, str]:
        """Return the name of the column that was found for each role. Raises FileRefused without a header."""
        dialect = self._judged().dialect
        return {role: dialect.names[at] for role, at in zip(ROLES, dialect.positions, strict=True)}

    def finish(self) -> tuple[dict[PairDay, list[int]], LineCounts, RejectLog]:
        """Return the days under the order of dates that the whole file decided, the counts, and all rejects.

        Raises FileRefused without a header.
        """
        judge = self._judged()
        rejects = judge.all_rejects()
        return judge.days(), self.counts, rejects

    def day_order(self) -> str:
        """Return the order of dates as a person is told it. Raises FileRefused without a header."""
        return self._judged().dates.name()

    def _judged(self) -> LineJudge:
        if self.judge is None:
            raise no_header(self.counts.blank)
        return self.judge
