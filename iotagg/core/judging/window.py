"""The days before a day, kept in order: a window that moves on by a day does not have to be sorted again."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from iotagg.core.judging.scores import middle_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Figures = tuple[int, ...]  # of a day: one for each measure
_Columns = list[list[int]]


class Window:
    """The figures of some days by measure, of all days and of each of two kinds, to ask for their medians.

    It is made of the figures of its first days, each with whether that is a day of a weekend.
    """

    def __init__(self, measures: int, days: Sequence[tuple[Figures, bool]]) -> None:
        self._all = _columns(measures, (figures for figures, _ in days))
        self._weekdays = _columns(measures, (figures for figures, weekend in days if not weekend))
        self._weekends = _columns(measures, (figures for figures, weekend in days if weekend))

    def add(self, figures: Figures, weekend: bool) -> None:
        """Take a day in."""
        for ordered, of_kind, figure in zip(self._all, self._kind(weekend), figures, strict=True):
            insort(ordered, figure)
            insort(of_kind, figure)

    def remove(self, figures: Figures, weekend: bool) -> None:
        """Take a day out that was taken in."""
        for ordered, of_kind, figure in zip(self._all, self._kind(weekend), figures, strict=True):
            del ordered[bisect_left(ordered, figure)]
            del of_kind[bisect_left(of_kind, figure)]

    def medians(self) -> list[float]:
        """Return the median of each measure; of no days it is empty."""
        return _medians(self._all)

    def medians_of_kind(self, weekend: bool) -> list[float]:
        """Return the median of each measure over the days of a kind; of no days it is empty."""
        return _medians(self._kind(weekend))

    def _kind(self, weekend: bool) -> _Columns:
        return self._weekends if weekend else self._weekdays


def _columns(measures: int, days: Iterable[Figures]) -> _Columns:
    return [sorted(column) for column in zip(*days, strict=True)] or [[] for _ in range(measures)]


def _medians(columns: _Columns) -> list[float]:
    return [middle_of(column) for column in columns] if columns[0] else []
