"""The first of all by a full sort: from all that was put into a store, a pair at a time."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from heapq import heappush, heappushpop
from typing import TYPE_CHECKING

from iotagg.core.history import days_of
from iotagg.top import By, Of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from iotagg.core.history import DayTotal
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.spans import Span
    from iotagg.top import Question

Told = list[list[str]]
Pair = tuple["PairMonth", "PairMonth | None"]
_DURATION, _PACKETS, _FLOWS, _BEFORE = range(4)


class FullSort:
    """All pairs, as they pass by, sorted by each of some questions."""

    def __init__(self, questions: Mapping[str, Question]) -> None:
        self._sorted = {what: _Sorted(question) for what, question in questions.items()}

    def watching(self, pairs: Iterable[Pair]) -> Iterator[PairMonth]:
        """Yield the months of pairs, and take each pair into account."""
        for month, before in pairs:
            rows = [row for row in (before, month) if row is not None]
            yield from rows
            days = [day for row in rows for day in days_of(row)]
            figures: dict[tuple[Span, Span | None], list[int]] = {}
            for each in self._sorted.values():
                key = each.question.span, each.question.before
                each.add(month, figures.get(key) or figures.setdefault(key, _figures(days, *key)))

    def told(self) -> dict[str, Told]:
        """Return for each question source, destination and value of the first, largest first."""
        return {what: each.told() for what, each in self._sorted.items()}


def _figures(days: Sequence[DayTotal], span: Span, before: Span | None) -> list[int]:
    figures = [0] * 4
    for day in days:
        if span.first <= day.day <= span.last:
            for place, total in enumerate((*day.totals, day.flows)):
                figures[place] += total
        elif before is not None and before.first <= day.day <= before.last:
            figures[_BEFORE] += day.totals[_DURATION]
    return figures


class _Sorted:
    # The first so far; for devices, the totals so far.
    def __init__(self, question: Question) -> None:
        self.question = question
        self._devices: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 4)
        self._first: list[tuple[int | Fraction, list[int], tuple[str, str]]] = []

    def add(self, pair: PairMonth, figures: Sequence[int]) -> None:
        question = self.question
        if not question.lets_in(pair.source, pair.destination):
            return
        if question.of is Of.PAIRS:
            self._put((pair.source, pair.destination), figures)
        else:
            of_device = self._devices[question.whose(pair.source, pair.destination)]
            for place, figure in enumerate(figures):
                of_device[place] += figure

    def _put(self, key: tuple[str, str], figures: Sequence[int]) -> None:
        value = self._value(figures)
        full = len(self._first) == self.question.count
        if value is None or not figures[_FLOWS] or (full and value < self._first[0][0]):
            return
        # Of the same value the earlier address is larger: its characters, counted backwards.
        entry = (value, [-ord(char) for char in "\0".join(key) + "\0"], key)
        (heappushpop if full else heappush)(self._first, entry)

    def _value(self, figures: Sequence[int]) -> int | Fraction | None:
        match self.question.by:
            case By.GROWTH:
                growth = figures[_DURATION] - figures[_BEFORE]
                return growth if growth > 0 else None
            case By.PACE:
                enough = figures[_PACKETS] >= self.question.packets
                return Fraction(figures[_DURATION], figures[_PACKETS]) if enough else None
            case By.DURATION:
                return figures[_DURATION]
        return figures[_PACKETS if self.question.by is By.PACKETS else _FLOWS]

    def told(self) -> Told:
        for key, figures in self._devices.items():
            self._put(key, figures)
        return [[*key, str(value)] for value, _, key in sorted(self._first, reverse=True)]
