from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.spans import Span
from iotagg.errors import InvalidValue

days = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat)


@pytest.mark.parametrize(
    ("first", "last", "whole"),
    [
        ("2022-12", "2022-12", Span("2022-12-01", "2022-12-31")),
        ("2022-02", "2022-04", Span("2022-02-01", "2022-04-30")),
        ("2024-02", "2024-02", Span("2024-02-01", "2024-02-29")),
        ("1900-02", "1900-02", Span("1900-02-01", "1900-02-28")),
        ("2000-02", "2000-02", Span("2000-02-01", "2000-02-29")),
        ("9999-12", "9999-12", Span("9999-12-01", "9999-12-31")),
    ],
)
def test_months_are_spans_of_all_their_days(first: str, last: str, whole: Span) -> None:
    assert Span.of_months(first, last) == whole
    assert whole.is_whole


@pytest.mark.parametrize(
    ("span", "before"),
    [
        (Span.of_months("2022-12", "2022-12"), Span.of_months("2022-11", "2022-11")),
        (Span.of_months("2022-01", "2022-03"), Span.of_months("2021-10", "2021-12")),
        (Span("2022-12-01", "2022-12-10"), Span("2022-11-21", "2022-11-30")),
        (Span("2022-12-05", "2022-12-05"), Span("2022-12-04", "2022-12-04")),
        (Span.of_months("0001-01", "0001-01"), None),
        (Span("0001-01-02", "0001-01-03"), None),
        (Span("0001-01-02", "0001-01-02"), Span("0001-01-01", "0001-01-01")),
    ],
)
def test_the_span_before_is_as_long(span: Span, before: Span | None) -> None:
    assert span.previous() == before


@given(days, st.integers(0, 400))
def test_days_and_months_are_those_that_it_holds(first: str, length: int) -> None:
    begin = date.fromisoformat(first)
    listed = [begin + timedelta(days=each) for each in range(min(length, (date.max - begin).days) + 1)]
    span = Span(first, listed[-1].isoformat())
    assert span.days == tuple(map(date.isoformat, listed))
    assert span.months == tuple(dict.fromkeys(day[:7] for day in span.days))
    for month in span.months:
        assert span.holds(month) == (set(Span.of_months(month, month).days) <= set(span.days))


def test_a_span_does_not_end_before_it_begins() -> None:
    with pytest.raises(InvalidValue, match=r"^2022-12-02 is after 2022-12-01; a range begins with its earlier day$"):
        Span("2022-12-02", "2022-12-01")
