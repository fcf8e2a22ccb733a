"""The first of all by a full sort: from all that was put into a store, a pair at a time."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from heapq import heappush, heappushpop
from typing import TYPE_CHECKING

from bench.top_traffic import traffic
from iotagg.core.history import days_of
from iotagg.top import By, Of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iotagg.core.pair_month import PairMonth
    from iotagg.top import Question

Told = list[list[str]]
_DURATION, _PACKETS, _FLOWS, _BEFORE = range(4)


class _Sorted:
    # The first so far; for devices, the totals so far.
    def __init__(self, question: Question) -> None:
        self._question = question
        self._devices: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 4)
        self._first: list[tuple[int | Fraction, list[int], tuple[str, str]]] = []

    def add(self, rows: Sequence[PairMonth]) -> None:
        question = self._question
        source, destination = rows[0].source, rows[0].destination
        if not question.lets_in(source, destination):
            return
        if question.of is Of.PAIRS:
            self._put((source, destination), self._figures(rows, [0] * 4))
        else:
            self._figures(rows, self._devices[question.whose(source, destination)])

    def _figures(self, rows: Sequence[PairMonth], figures: list[int]) -> list[int]:
        span, before = self._question.span, self._question.before
        for day in (day for row in rows for day in days_of(row)):
            if span.first <= day.day <= span.last:
                for place, total in enumerate((*day.totals, day.flows)):
                    figures[place] += total
            elif before is not None and before.first <= day.day <= before.last:
                figures[_BEFORE] += day.totals[_DURATION]
        return figures

    def _put(self, key: tuple[str, str], figures: list[int]) -> None:
        value = self._value(figures)
        if value is not None and figures[_FLOWS]:
            # Of the same value the earlier address is larger: its characters, counted backwards.
            entry = (value, [-ord(char) for char in "\0".join(key) + "\0"], key)
            full = len(self._first) == self._question.count
            (heappushpop if full else heappush)(self._first, entry)

    def _value(self, figures: list[int]) -> int | Fraction | None:
        match self._question.by:
            case By.GROWTH:
                growth = figures[_DURATION] - figures[_BEFORE]
                return growth if growth > 0 else None
            case By.PACE:
                enough = figures[_PACKETS] >= self._question.packets
                return Fraction(figures[_DURATION], figures[_PACKETS]) if enough else None
            case By.DURATION:
                return figures[_DURATION]
        return figures[_PACKETS if self._question.by is By.PACKETS else _FLOWS]

    def told(self) -> Told:
        for key, figures in self._devices.items():
            self._put(key, figures)
        return [[*key, str(value)] for value, _, key in sorted(self._first, reverse=True)]


def first_of_all(pairs: int, questions: Mapping[str, Question]) -> dict[str, Told]:
    """Return for each question source, destination and value of the first, largest first."""
    found = {what: _Sorted(question) for what, question in questions.items()}
    for month, before in traffic(pairs):
        rows = [row for row in (before, month) if row is not None]
        for each in found.values():
            each.add(rows)
    return {what: each.told() for what, each in found.items()}
