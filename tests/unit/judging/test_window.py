"""Medians of a window that moves on."""

from __future__ import annotations

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.judging.window import Figures, Window

DAYS = st.lists(st.tuples(st.tuples(st.integers(0, 5), st.integers(0, 10**38)), st.booleans()), max_size=30)


def medians(days: list[tuple[Figures, bool]]) -> list[float]:
    return [median(column) for column in zip(*(figures for figures, _ in days), strict=True)]


@given(DAYS, DAYS)
def test_after_any_days_came_and_went_medians_are_those_of_the_days_that_are_left(
    first: list[tuple[Figures, bool]], later: list[tuple[Figures, bool]]
) -> None:
    window, days = Window(2, first), first + later
    for begin, day in enumerate(later):
        window.add(*day)
        window.remove(*days[begin])
        left = days[begin + 1 : len(first) + begin + 1]
        assert window.medians() == medians(left)
        for kind in (False, True):
            assert window.medians_of_kind(kind) == medians([each for each in left if each[1] is kind])
