"""Pairs that fall silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.judging.calendar import number_of
from iotagg.core.judging.silence import is_steady, silences
from tests.unit.judging.days import day, kinds

if TYPE_CHECKING:
    from iotagg.core.history import DayTotal


@pytest.mark.parametrize(
    "days",
    [
        [day(number, 100) for number in range(6)],  # less than a week
        [day(number, 100) for number in range(0, 60, 3)],  # less than half of the days
        [day(number, 100) for number in (*range(20), *range(29, 40))],  # away for so long before
    ],
)
def test_who_was_never_steady_is_not_missed(days: list[DayTotal]) -> None:
    assert kinds(days, since="2022-11-12", horizon="2023-01-01") == []
    assert not is_steady([number_of(each.day) for each in days], [each.flows for each in days])


def test_nobody_is_steady_without_a_day() -> None:
    assert not is_steady([], [])


def test_a_silence_that_ended_stood_out_all_the_same() -> None:
    observed = [*range(1, 31), 50]
    assert list(silences(observed, 60, [100] * 31)) == list(silences(observed, 51, [100] * 31))
    assert [silence.stands_out for silence in silences(observed, 51, [100] * 31)] == [32]
    assert list(silences([*range(1, 31), 32], 33, [100] * 31)) == []
