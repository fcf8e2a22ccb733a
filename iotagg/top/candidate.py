"""One who may be among the first: what is known of it exactly, and between which bounds the rest lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from iotagg.core.history import days_of
from iotagg.core.ranks import bounds
from iotagg.top.value import BEFORE, DURATION, NOTHING, added, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.pair_month import PairMonth
    from iotagg.top.question import Question
    from iotagg.top.value import Figures, Value

Key = tuple[str, str, str]  # site, source, destination; empty where all are meant

_READ_AT_ONCE = 100


class Part(NamedTuple):
    """A pair-month that belongs to a candidate, with the sizes that its rank tells, if it is known."""

    source: str
    destination: str
    month: str
    sizes: Sequence[int] = ()


class Candidate:
    """Who may be among the first.

    Exact are the `figures` and `days` of what was read; of `unread` pair-months the ranks tell bounds, or the
    `ceiling` does: no value can be larger.
    """

    __slots__ = ("_least", "_most", "ceiling", "days", "figures", "key", "unread")

    def __init__(self, key: Key, ceiling: Value | None = None, unread: Sequence[Part] = ()) -> None:
        self.key = key
        self.ceiling = ceiling
        self.unread = list(unread)
        self.figures = NOTHING
        self.days: dict[str, Figures] = {}
        self._least, self._most = [0] * len(NOTHING), [0] * len(NOTHING)

    def expect(self, question: Question, month: str, sizes: Sequence[int], times: int = 1) -> None:
        """Take into account that so many pair-months with ranks of these sizes are not read yet."""
        for place, least, most in _spread(question, month, sizes):
            self._least[place] += times * least
            self._most[place] += times * most

    def take(self, question: Question) -> list[Part]:
        """Return the next pair-months to read, the last of those that are unread, and expect them no more."""
        taken, self.unread = self.unread[-_READ_AT_ONCE:], self.unread[:-_READ_AT_ONCE]
        for part in taken if self.ceiling is None else ():
            self.expect(question, part.month, part.sizes, -1)
        return taken

    def add(self, question: Question, row: PairMonth) -> None:
        """Add what a pair-month has on the days that are asked for."""
        span, before = question.span, question.before
        for day in days_of(row):
            if span.first <= day.day <= span.last:
                figures: Figures = (*day.totals, day.flows, 0)
            elif before is not None and before.first <= day.day <= before.last:
                figures = (*NOTHING[:BEFORE], day.totals[DURATION])
            else:
                continue
            known = self.days.get(day.day)
            self.days[day.day] = added(known, figures) if known is not None else figures
            self.figures = added(self.figures, figures)

    @property
    def is_exact(self) -> bool:
        """Whether all that belongs to it was read."""
        return not self.unread

    def bound(self, question: Question) -> Value | None:
        """Return what its value is at most, which is its value once all is read; None where it takes no part."""
        if self.unread and self.ceiling is not None:
            return self.ceiling
        return value(question, most=added(self.figures, self._most), least=added(self.figures, self._least))

    def floor(self, question: Question) -> Value | None:
        """Return what its value is at least before anything is read; None where it may take no part."""
        return value(question, most=self._least, least=self._most)


def _spread(question: Question, month: str, sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    # What a pair-month adds to each figure, at least and at most; of a month that is cut, nothing at least.
    found = []
    span, before = question.span, question.before
    if span.first[:7] <= month <= span.last[:7]:
        whole = span.holds(month)
        for place in range(BEFORE):
            least, most = bounds(sizes[place])
            found.append((place, least if whole else 0, most))
    if before is not None and before.first[:7] <= month <= before.last[:7]:
        least, most = bounds(sizes[DURATION])
        found.append((BEFORE, least if before.holds(month) else 0, most))
    return found
