"""Histories: a pair's days, and the figures that follow from them."""

import statistics
from fractions import Fraction
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.contribution import cut, read_chunk
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import read_flows
from iotagg.core.history import DayTotal, History, days_of, history
from iotagg.core.moments import Moments, moments_of
from iotagg.core.pair_month import PairMonth
from iotagg.errors import Damaged
from tests.examples import examples

HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
NOVEMBER = PairMonth(
    "192.0.2.1",
    "192.0.2.2",
    "2022-11",
    {"flows": 3, "dur": 60, "dur_sq": 1400, "pkt": 6, "pkt_sq": 14, "f01": 1, "d01": 10, "p01": 1}
    | {"f30": 2, "d30": 50, "p30": 5},
)
DECEMBER = PairMonth(
    "192.0.2.1",
    "192.0.2.2",
    "2022-12",
    {"flows": 1, "dur": 7, "dur_sq": 49, "pkt": 0, "pkt_sq": 0, "f06": 1, "d06": 7, "p06": 0},
)


def days(found: History | None) -> list[str]:
    return [day.day for day in found.days] if found else []


def test_days_come_oldest_first_with_their_totals() -> None:
    assert days_of(NOVEMBER) == [DayTotal("2022-11-01", 1, (10, 1)), DayTotal("2022-11-30", 2, (50, 5))]


def test_a_day_with_no_flows_left_is_absent() -> None:
    retracted = PairMonth("192.0.2.1", "192.0.2.2", "2022-11", {"flows": 0, "f01": 0, "d01": 0, "p01": 0})
    assert days_of(retracted) == []
    assert history("paris", [retracted]) is None


def test_a_metric_that_a_day_does_not_know_counts_as_nothing() -> None:
    older = PairMonth("192.0.2.1", "192.0.2.2", "2022-11", {"flows": 1, "dur": 5, "dur_sq": 25, "f01": 1, "d01": 5})
    found = history("paris", [older])
    assert found is not None
    assert found.days == (DayTotal("2022-11-01", 1, (5, 0)),)
    assert found.per_flow == (Moments(1, 5, 25), Moments(1, 0, 0))


@pytest.mark.parametrize("months", [[NOVEMBER, DECEMBER], [DECEMBER, NOVEMBER]])
def test_months_make_one_history_in_whatever_order_they_come(months: list[PairMonth]) -> None:
    found = history("paris", iter(months))
    assert found is not None
    assert (found.site, found.source, found.destination) == ("paris", "192.0.2.1", "192.0.2.2")
    assert days(found) == ["2022-11-01", "2022-11-30", "2022-12-06"]
    assert found.flows == 4
    assert (found.total(0), found.total(1)) == (67, 6)
    assert found.daily(0) == moments_of([10, 50, 7])
    assert found.daily(1) == moments_of([1, 5, 0])
    assert found.per_flow == (Moments(4, 67, 1449), Moments(4, 6, 14))


@pytest.mark.parametrize(
    ("since", "until", "expected", "per_flow"),
    [
        ("2022-11-01", "2022-12-06", ["2022-11-01", "2022-11-30", "2022-12-06"], True),
        ("2022-11-30", "2022-12-31", ["2022-11-30", "2022-12-06"], False),
        ("2022-11-02", "2022-11-30", ["2022-11-30"], False),
        ("2022-12-06", "2022-12-06", ["2022-12-06"], True),
        ("2022-12-01", "9999-12-31", ["2022-12-06"], True),
        ("0001-01-01", "2022-11-29", ["2022-11-01"], False),
    ],
)
def test_a_range_is_inclusive_and_hides_figures_per_flow_where_it_cuts_a_month(
    since: str, until: str, expected: list[str], per_flow: bool
) -> None:
    found = history("paris", [NOVEMBER, DECEMBER], since, until)
    assert days(found) == expected
    assert found is not None
    assert (found.per_flow is not None) is per_flow


def test_no_days_in_a_range_are_no_history() -> None:
    assert history("paris", [NOVEMBER, DECEMBER], "2022-12-07", "2023-01-01") is None
    assert history("paris", []) is None


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(st.tuples(st.dates().map(str), st.integers(0, 10**16), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_a_history_says_what_the_flows_said(flows: list[tuple[str, int, int]]) -> None:
    rows = b"".join(b"192.0.2.1,192.0.2.2,%s,%d,%d\n" % (day.encode(), us, packets) for day, us, packets in flows)
    contribution = cut(read_flows(BytesIO(HEADER + rows)), "paris", ReadingOptions())
    found = history("paris", [row for member in contribution.members for row in read_chunk(member)])
    assert found is not None
    assert found.per_flow == (moments_of([us for _, us, _ in flows]), moments_of([packets for *_, packets in flows]))
    by_day = {day: sum(us for other, us, _ in flows if other == day) for day in sorted({day for day, _, _ in flows})}
    assert {day.day: day.totals[0] for day in found.days} == by_day
    assert list(by_day) == days(found)
    assert found.daily(0).mean() == float(Fraction(sum(by_day.values()), len(by_day)))
    if len(by_day) > 1:
        assert found.daily(0).stddev() == statistics.stdev(by_day.values())


def test_daily_totals_of_up_to_38_digits_have_figures() -> None:
    # Two thousand of the longest durations on a day are sums that every store keeps; so are years of such months.
    large = [2 * 10**19, 2 * 10**19 + 4]
    pair = ("192.0.2.1", "192.0.2.2")
    found = History(
        "paris", *pair, tuple(DayTotal(f"2022-12-0{day}", 2_000, (us, 1)) for day, us in enumerate(large, 1)), None
    )
    assert found.daily(0).mean() == float(2 * 10**19 + 2)
    assert found.daily(0).stddev() == statistics.stdev(large)


def test_months_that_are_kept_exactly_each_have_figures_together() -> None:
    months = [
        PairMonth(
            "192.0.2.1",
            "192.0.2.2",
            f"2022-{month}",
            {"flows": 10**6, "dur": 0, "dur_sq": 9 * 10**37, "pkt": 0, "pkt_sq": 0, "f01": 10**6, "d01": 0, "p01": 0},
        )
        for month in (11, 12)
    ]
    found = history("paris", months)
    assert found is not None
    assert found.per_flow is not None
    assert found.per_flow[0].mean() == 0.0


def test_sums_that_no_flows_can_have_are_said_to_be_damaged() -> None:
    month = PairMonth("192.0.2.1", "192.0.2.2", "2022-04", {"flows": 1, "dur": 8, "f03": 1, "d03": 8})
    with pytest.raises(Damaged, match=r"what is kept of the traffic from 192\.0\.2\.1 to 192\.0\.2\.2 is damaged"):
        history("paris", [month])
