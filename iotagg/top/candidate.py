"""One who may be among the first: what is known of it exactly, and between which bounds the rest lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from iotagg.core.history import days_of
from iotagg.core.ranks import bounds
from iotagg.top.question import By
from iotagg.top.value import BEFORE, DURATION, NOTHING, PACKETS, Figures, added, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.pair_month import PairMonth
    from iotagg.top.question import Question
    from iotagg.top.value import Value

Key = tuple[str, str, str]  # site, source, destination; empty where all are meant

_READ_AT_ONCE = 100


class Part(NamedTuple):
    """A pair-month that belongs to a candidate, with what it adds to each figure, at least and at most."""

    source: str
    destination: str
    month: str
    least: Figures = NOTHING
    most: Figures = NOTHING


class Candidate:
    """Who may be among the first.

    What was read is known exactly; of `unread` pair-months the ranks tell bounds, or the `ceiling` does: no value can
    be larger.
    """

    __slots__ = ("_figures", "_least", "_months", "_most", "ceiling", "key", "unread")

    def __init__(self, key: Key, ceiling: Value | None = None, unread: Sequence[Part] = ()) -> None:
        self.key = key
        self.ceiling = ceiling
        self.unread = list(unread)
        self._months: dict[str, PairMonth] = {}
        self._least = self._most = NOTHING
        self._figures: Figures | None = None  # as of all that was added, once they are asked for

    def expect(self, least: Figures, most: Figures, times: int = 1) -> None:
        """Take into account that so many pair-months of these bounds are not read yet."""
        self._least = tuple(known + times * each for known, each in zip(self._least, least, strict=True))
        self._most = tuple(known + times * each for known, each in zip(self._most, most, strict=True))

    def take(self) -> list[Part]:
        """Return the next pair-months to read, the last of those that are unread, and expect them no more."""
        taken, self.unread = self.unread[-_READ_AT_ONCE:], self.unread[:-_READ_AT_ONCE]
        for part in taken if self.ceiling is None else ():
            self.expect(part.least, part.most, -1)
        return taken

    def add(self, row: PairMonth) -> None:
        """Add a pair-month that was read: of a device, those of all its pairs add up to one."""
        self._figures = None
        known = self._months.get(row.month)
        if known is None:
            self._months[row.month] = row
            return
        sums = dict(known.sums)
        for name, number in row.sums.items():
            sums[name] = sums.get(name, 0) + number
        self._months[row.month] = known.with_sums(sums)

    @property
    def is_exact(self) -> bool:
        """Whether all that belongs to it was read."""
        return not self.unread

    def bound(self, question: Question) -> Value | None:
        """Return what its value is at most, which is its value once all is read; None where it takes no part."""
        if self.unread and self.ceiling is not None:
            return self.ceiling
        figures = self.figures(question)
        if self.is_exact:
            return value(question, figures, figures)
        return value(question, most=added(figures, self._most), least=added(figures, self._least))

    def figures(self, question: Question) -> Figures:
        """Return what was read adds up to, as far as the one question of this candidate is about it."""
        if self._figures is None:
            self._figures = self._added_up(question)
        return self._figures

    def _added_up(self, question: Question) -> Figures:
        figures = NOTHING
        for month, row in self._months.items():
            if question.span.holds(month):
                of_month = figures_of(row)
                figures = added(figures, of_month) if figures is not NOTHING else of_month
            elif question.before is not None and question.before.holds(month):
                figures = added(figures, (*NOTHING[:BEFORE], row.running[1 + 2 * DURATION]))
            else:
                for of_day in _days(question, row).values():
                    figures = added(figures, of_day)
        return figures

    def days(self, question: Question) -> dict[str, Figures]:
        """Return the figures of each day that has any, of the span and the span before it."""
        return {day: each for row in self._months.values() for day, each in _days(question, row).items()}


def _days(question: Question, row: PairMonth) -> dict[str, Figures]:
    span, before = question.span, question.before
    found: dict[str, Figures] = {}
    for day in days_of(row):
        if span.first <= day.day <= span.last:
            found[day.day] = (*day.totals, day.flows, 0)
        elif before is not None and before.first <= day.day <= before.last:
            found[day.day] = (*NOTHING[:BEFORE], day.totals[DURATION])
    return found


# Where in PairMonth.running the one figure is that some measures are about.
RUNNING_OF = {By.DURATION: 1 + 2 * DURATION, By.PACKETS: 1 + 2 * PACKETS, By.FLOWS: 0}


def figures_of(row: PairMonth) -> Figures:
    """Return what a pair-month adds to each figure where all of its days do."""
    flows, *metrics = row.running
    return *metrics[::2], flows, 0


def bounds_of(question: Question, month: str, sizes: Sequence[int]) -> tuple[Figures, Figures]:
    """Return what a pair-month of these sizes adds to each figure, at least and at most.

    Of a month of which days are left out, that is nothing at least.
    """
    least, most = [*NOTHING], [*NOTHING]
    span, before = question.span, question.before
    if span.first[:7] <= month <= span.last[:7]:
        for place in range(BEFORE):
            lowest, most[place] = bounds(sizes[place])
            least[place] = lowest if span.holds(month) else 0
    if before is not None and before.first[:7] <= month <= before.last[:7]:
        lowest, most[BEFORE] = bounds(sizes[DURATION])
        least[BEFORE] = lowest if before.holds(month) else 0
    return tuple(least), tuple(most)
