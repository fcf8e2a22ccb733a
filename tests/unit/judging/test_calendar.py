"""Days and months by their numbers."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.judging.calendar import day_of, is_weekend, month_of, number_of


@given(st.integers(1, 3_652_059))
def test_a_day_has_its_number_and_its_month(number: int) -> None:
    assert number_of(day_of(number)) == number
    assert month_of(number) == day_of(number)[:7]
    assert is_weekend(number) == (date.fromordinal(number).weekday() >= 5)


def test_beyond_the_calendar_lies_its_last_day() -> None:
    assert day_of(10**9) == "9999-12-31"
    assert (month_of(0), month_of(10**9)) == ("0001-01", "9999-12")
