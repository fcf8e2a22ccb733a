"""How long a month is kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.retention import MOST_MONTHS, expiry, first_month_kept


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2024, 1, 15), 12, "2023-01"),
        (date(2024, 1, 1), 12, "2023-01"),
        (date(2023, 12, 31), 12, "2022-12"),
        (date(2024, 2, 29), 1, "2024-01"),
        (date(2024, 1, 31), 13, "2022-12"),
        (date(2024, 6, 1), MOST_MONTHS, "1924-06"),
        (date(5, 6, 1), MOST_MONTHS, "0001-01"),
        (date(2024, 1, 15), 0, ""),
    ],
)
def test_so_many_whole_months_are_kept_beside_the_current_one(today: date, months: int, first: str) -> None:
    assert first_month_kept(today, months) == first


@pytest.mark.parametrize(
    ("month", "months", "moment"),
    [
        ("2022-12", 12, datetime(2024, 1, 1, tzinfo=UTC)),
        ("2022-11", 1, datetime(2023, 1, 1, tzinfo=UTC)),
        ("1960-01", 1, datetime(1960, 3, 1, tzinfo=UTC)),
        ("9999-12", MOST_MONTHS, datetime(9999, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_month_expires_with_the_month_that_many_months_after_it(month: str, months: int, moment: datetime) -> None:
    assert expiry(month, months) == moment.timestamp()


@given(
    day=st.dates(date(101, 1, 1), date(9000, 1, 1)),
    month=st.dates(max_value=date(9000, 1, 1)),
    months=st.integers(1, MOST_MONTHS),
)
def test_a_month_is_kept_until_the_second_at_which_it_expires(day: date, month: date, months: int) -> None:
    text = f"{month:%Y-%m}".zfill(7)
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for now in (moment, moment + timedelta(hours=23, minutes=59, seconds=59)):
        assert (text < first_month_kept(day, months)) is (now.timestamp() >= expiry(text, months))
