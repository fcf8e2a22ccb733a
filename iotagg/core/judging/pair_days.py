"""A pair's day against the pair's other days: surges and drops."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from iotagg.core.findings import Kind
from iotagg.core.judging.calendar import is_weekend, number_of
from iotagg.core.judging.limits import (
    AGREED,
    ALONE,
    ALONE_TIMES,
    FLOWS_WORTH_A_WORD,
    LEAST,
    OUTLIER,
    RELATIVE,
    WINDOW,
)
from iotagg.core.judging.scores import deviations, median, robust_deviations
from iotagg.core.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.history import DayTotal

MEASURES = ("flows", *(metric.role for metric in METRICS))
_WORTH_A_WORD = (FLOWS_WORTH_A_WORD, *(metric.worth_a_word for metric in METRICS))
_MOST = len(MEASURES) // 2 + 1

Figures = tuple[int, ...]  # of a day: one for each measure


@dataclass(frozen=True, slots=True)
class Oddity:
    """A day of a pair that stands out: the measure that shows it best, what is usual, and what it was compared with.

    `compared` is the number of days, `group` says which: `days`, or `weekdays` or `weekend days` alone.
    """

    day: str
    kind: Kind
    score: float
    measure: str
    usual: float
    actual: int
    compared: int
    group: str

    @property
    def times(self) -> float:
        """How many times the usual the day is, or the usual is the day."""
        return _times(self.actual, self.usual, 1 if self.kind is Kind.SURGE else -1)


def figures_of(day: DayTotal) -> Figures:
    """Return a day's figures, one for each measure."""
    return (day.flows, *day.totals)


def odd_days(days: Sequence[DayTotal], since: str, until: str) -> list[Oddity]:
    """Return the surges and drops of a pair between two inclusive days.

    `days` are the pair's observed days, oldest first; those of the window before `since` have to be among them.
    """
    numbers = [number_of(day.day) for day in days]
    first, last = bisect_left(days, since, key=_day), bisect_right(days, until, key=_day)
    odd = []
    for place in range(first, last):
        begin = bisect_left(numbers, numbers[place] - WINDOW)
        if place - begin >= LEAST:
            found = _judged(days, numbers, begin, place)
            if found is not None:
                odd.append(found)
    return odd


def _day(day: DayTotal) -> str:
    return day.day


def _judged(days: Sequence[DayTotal], numbers: Sequence[int], begin: int, place: int) -> Oddity | None:
    weekend = is_weekend(numbers[place])
    same = [each for each in range(begin, place) if is_weekend(numbers[each]) == weekend]
    compared = same if len(same) >= LEAST else range(begin, place)
    day, others = figures_of(days[place]), [figures_of(days[each]) for each in compared]
    if not _direction(day, others):  # most days end here, before anything that takes time
        return None
    others = _without_outliers(others)
    direction = _direction(day, others)
    if compared is not same and same and _direction(day, [figures_of(days[each]) for each in same]) != direction:
        return None  # too few days of its kind to compare it with, and it is like those
    scores = [direction * deviations(figure, column) for figure, column in zip(day, _columns(others), strict=True)]
    shown_by = max(range(len(day)), key=scores.__getitem__)
    usual = median([other[shown_by] for other in others])
    alone = scores[shown_by] >= ALONE and _times(day[shown_by], usual, direction) >= ALONE_TIMES
    if not direction or (min(scores) < AGREED and not alone):
        return None
    return Oddity(
        day=days[place].day,
        kind=Kind.SURGE if direction > 0 else Kind.DROP,
        score=scores[shown_by],
        measure=MEASURES[shown_by],
        usual=usual,
        actual=day[shown_by],
        compared=len(others),
        group=("weekend days" if weekend else "weekdays") if len(compared) < place - begin else "days",
    )


def _columns(others: Sequence[Figures]) -> Iterator[tuple[int, ...]]:
    return zip(*others, strict=True)


def _direction(day: Figures, others: Sequence[Figures]) -> int:
    # 1 if a day is more than usual, and by so much that it is worth a word: in most measures, or in one by far; -1 if
    # it is less, 0 if it is neither.
    usual = [median(column) for column in _columns(others)]
    for direction in (1, -1):
        votes = 0
        for figure, ordinary, least in zip(day, usual, _WORTH_A_WORD, strict=True):
            times = _times(figure, ordinary, direction)
            if times >= RELATIVE and direction * (figure - ordinary) >= least:
                votes += _MOST if times >= ALONE_TIMES else 1
        if votes >= _MOST:
            return direction
    return 0


def _times(figure: int, usual: float, direction: int) -> float:
    # How many times the usual a figure is, or the usual is the figure.
    larger, smaller = (figure, usual) if direction > 0 else (usual, figure)
    return larger / smaller if smaller else inf if larger else 1.0


def _without_outliers(others: Sequence[Figures]) -> list[Figures]:
    # One huge day in the window would make all others look usual.
    away = [robust_deviations(column) for column in _columns(others)]
    kept = [
        other
        for other, scores in zip(others, zip(*away, strict=True), strict=True)
        if min(scores) <= OUTLIER and max(scores) >= -OUTLIER
    ]
    return kept if len(kept) >= LEAST else list(others)
