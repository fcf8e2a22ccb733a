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
    AGREED_EARLY,
    ALONE,
    ALONE_TIMES,
    EARLY,
    FLOWS_WORTH_A_WORD,
    LEAST,
    OUTLIER,
    RELATIVE,
    WINDOW,
)
from iotagg.core.judging.scores import are_apart, deviations, median, robust_deviations
from iotagg.core.judging.window import Window
from iotagg.core.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.history import DayTotal
    from iotagg.core.judging.window import Figures

MEASURES = ("flows", *(metric.role for metric in METRICS))
_WORTH_A_WORD = (FLOWS_WORTH_A_WORD, *(metric.worth_a_word for metric in METRICS))
_MOST = len(MEASURES) // 2 + 1
_FEWEST = 2  # of which a deviation can be told


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
    def direction(self) -> int:
        """1 if it is more than usual, -1 if it is less."""
        return 1 if self.kind is Kind.SURGE else -1

    @property
    def times(self) -> float:
        """How many times the usual the day is, or the usual is the day."""
        return _times(self.actual, self.usual, self.direction)


def figures_of(day: DayTotal) -> Figures:
    """Return a day's figures, one for each measure."""
    return (day.flows, *day.totals)


def odd_days(days: Sequence[DayTotal], since: str, until: str) -> list[Oddity]:
    """Return the surges and drops of a pair between two inclusive days.

    `days` are the pair's observed days, oldest first; those of the window before `since` have to be among them.
    """
    days = days[: bisect_right(days, until, key=_day)]
    first = bisect_left(days, since, key=_day)
    if len(days) <= max(first, LEAST):
        return []
    numbers = [number_of(day.day) for day in days]
    begin = bisect_left(numbers, numbers[first] - WINDOW)
    figures = [(figures_of(day), is_weekend(number)) for day, number in zip(days, numbers, strict=True)]
    window, odd = Window(len(MEASURES), figures[begin:first]), []
    for place in range(first, len(days)):
        while numbers[begin] < numbers[place] - WINDOW:
            window.remove(*figures[begin])
            begin += 1
        if place - begin >= LEAST and _may_be_odd(*figures[place], window):
            found = _judged(days, numbers, begin, place)
            if found is not None:
                odd.append(found)
        window.add(*figures[place])
    return odd


def _day(day: DayTotal) -> str:
    return day.day


def _may_be_odd(figures: Figures, weekend: bool, window: Window) -> bool:
    # Most days end here, before anything that takes time.
    return bool(_direction(figures, window.medians()) or _direction(figures, window.medians_of_kind(weekend)))


def _judged(days: Sequence[DayTotal], numbers: Sequence[int], begin: int, place: int) -> Oddity | None:
    day, weekend = figures_of(days[place]), is_weekend(numbers[place])
    same: list[Figures] = []  # weekends, or weekdays, as the day itself is
    other: list[Figures] = []
    for each in range(begin, place):
        (same if is_weekend(numbers[each]) == weekend else other).append(figures_of(days[each]))
    if len(same) >= LEAST and _are_apart(same, other):
        oddity = _odd(days[place], same, "weekend days" if weekend else "weekdays", place - begin)
    else:
        oddity = _odd(days[place], same + other, "days", place - begin)
    # Of its kind there may be too few days to compare it with: it is not odd to be like those.
    few = 0 < len(same) < LEAST
    is_like_those = few and oddity is not None and _direction(day, _usual(same)) != oddity.direction
    return None if is_like_those else oddity


def _odd(day: DayTotal, others: Sequence[Figures], group: str, known: int) -> Oddity | None:
    figures, others = figures_of(day), _without_outliers(others)
    direction = _direction(figures, _usual(others))
    scores = [direction * deviations(figure, column) for figure, column in zip(figures, _columns(others), strict=True)]
    shown_by = max(range(len(figures)), key=scores.__getitem__)
    usual = median([other[shown_by] for other in others])
    agreed = min(scores) >= (AGREED if known >= EARLY else AGREED_EARLY)
    alone = scores[shown_by] >= ALONE and _times(figures[shown_by], usual, direction) >= ALONE_TIMES
    if not direction or not (agreed or alone):
        return None
    return Oddity(
        day=day.day,
        kind=Kind.SURGE if direction > 0 else Kind.DROP,
        score=scores[shown_by],
        measure=MEASURES[shown_by],
        usual=usual,
        actual=figures[shown_by],
        compared=len(others),
        group=group,
    )


def _are_apart(same: Sequence[Figures], other: Sequence[Figures]) -> bool:
    if len(other) < _FEWEST:
        return False
    columns = zip(_columns(same), _columns(other), strict=True)
    return sum(are_apart(some, others) for some, others in columns) >= _MOST


def _columns(others: Sequence[Figures]) -> Iterator[tuple[int, ...]]:
    return zip(*others, strict=True)


def _usual(others: Sequence[Figures]) -> list[float]:
    return [median(column) for column in _columns(others)]


def _direction(day: Figures, usual: Sequence[float]) -> int:
    # 1 if a day is more than usual, and by so much that it is worth a word: in most measures, or in one by far; -1 if
    # it is less, 0 if it is neither, or if nothing is usual.
    more = less = 0
    for figure, ordinary, least in zip(day, usual, _WORTH_A_WORD, strict=bool(usual)):
        if figure - ordinary >= least:
            more += _vote(_times(figure, ordinary, 1))
        elif ordinary - figure >= least:
            less += _vote(_times(figure, ordinary, -1))
    return 1 if more >= _MOST else -1 if less >= _MOST else 0


def _vote(times: float) -> int:
    return _MOST if times >= ALONE_TIMES else int(times >= RELATIVE)


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
