"""Days that stand out: each law and limit of judging, from days made by hand."""

from __future__ import annotations

import math
import statistics
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.history import DayTotal
from iotagg.core.judging.calendar import day_of, is_weekend, month_of, number_of
from iotagg.core.judging.pairs import Pair, Span, pair_findings, severity_of
from iotagg.core.judging.scores import are_apart, deviations, median, robust_deviations
from iotagg.core.judging.silence import is_steady, silences
from iotagg.core.judging.words import count, figure, part

FIRST = date(2022, 10, 3)  # a Monday
PAIR = Pair("paris", "192.0.2.7", "198.51.100.9")
MINUTE = 60_000_000


def day(number: int, flows: int, duration: int | None = None, packets: int | None = None) -> DayTotal:
    name = (FIRST + timedelta(days=number)).isoformat()
    return DayTotal(
        name, flows, (flows * MINUTE if duration is None else duration, flows * 10 if packets is None else packets)
    )


def month_of_days(flows: int = 100, length: int = 30) -> list[DayTotal]:
    return [day(number, flows + number % 5) for number in range(length)]


def found_in(days: list[DayTotal], since: str = "0001-01-01", horizon: str = "") -> list[Finding]:
    horizon = horizon or (day_of(number_of(days[-1].day) + 1) if days else FIRST.isoformat())
    return pair_findings(PAIR, days, Span(since, "9999-12-31", horizon))


def kinds(days: list[DayTotal], since: str = "0001-01-01", horizon: str = "") -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.day) for finding in found_in(days, since, horizon)]


@given(st.integers(1, 3_652_059))
def test_a_day_has_its_number_and_its_month(number: int) -> None:
    assert number_of(day_of(number)) == number
    assert month_of(number) == day_of(number)[:7]
    assert is_weekend(number) == (date.fromordinal(number).weekday() >= 5)


def test_beyond_the_calendar_lies_its_last_day() -> None:
    assert day_of(10**9) == "9999-12-31"
    assert (month_of(0), month_of(10**9)) == ("0001-01", "9999-12")


numbers = st.lists(st.integers(0, 10**15), min_size=2, max_size=60)


@given(numbers, st.integers(0, 10**15))
def test_deviations_are_students_t(others: list[int], value: int) -> None:
    mean = Fraction(sum(others), len(others))
    spread = max(float(statistics.stdev(list(map(Fraction, others)))), float(mean) / 32)
    if spread and value != mean:
        expected = float(value - mean) / (spread * math.sqrt(1 + 1 / len(others)))
        assert deviations(value, others) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_groups_are_apart_where_chance_does_not_bring_them_there() -> None:
    assert are_apart([90, 100, 110] * 5, [30, 40, 50] * 3)
    assert not are_apart([90, 100, 110] * 5, [80, 100, 125] * 3)
    assert not are_apart([5, 5], [5, 5])


def test_a_value_that_is_usual_deviates_by_nothing() -> None:
    assert deviations(5, [5, 5, 5]) == 0.0
    assert deviations(0, [0, 0]) == 0.0


def test_what_never_was_deviates_also_from_nothing_at_all() -> None:
    assert deviations(10, [0] * 20) > 4


def test_few_others_make_the_same_distance_less_certain() -> None:
    few, many = [8, 10, 12] * 3, [8, 10, 12] * 20
    assert 0 < deviations(20, few) < deviations(20, many)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=80))
def test_the_median_is_numpys(values: list[int]) -> None:
    assert median(values) == float(np.median(values))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=80))
def test_robust_deviations_are_those_of_the_median_absolute_deviation(values: list[int]) -> None:
    middle = np.median(values)
    unit = max(1.4826 * np.median(np.abs(np.array(values) - middle)), middle / 32)
    if unit:
        assert robust_deviations(values) == pytest.approx(list((np.array(values) - middle) / unit))


def test_beside_nothing_but_zeros_anything_is_infinitely_far() -> None:
    assert robust_deviations([0, 0, 0, 7]) == [0.0, 0.0, 0.0, math.inf]


def test_ten_times_the_usual_is_a_surge_and_a_tenth_a_drop() -> None:
    days = [*month_of_days(), day(30, 1000), day(31, 10), day(32, 101)]
    assert kinds(days) == [(Kind.SURGE, "2022-11-02"), (Kind.DROP, "2022-11-03")]


def test_a_finding_tells_what_was_and_what_is_usual() -> None:
    (finding,) = found_in([*month_of_days(), day(30, 1000)])
    assert finding.reason == "1,000 flows instead of about 102: 9.8 times the median of 30 days before"
    assert (finding.measure, finding.usual, finding.actual) == ("flows", 102, 1000)
    assert (finding.site, finding.source, finding.destination) == ("paris", "192.0.2.7", "198.51.100.9")
    assert finding.severity is Severity.HIGH
    assert finding.pairs == 1


def test_less_than_a_week_of_history_says_nothing() -> None:
    assert kinds([*month_of_days(length=6), day(6, 10_000)]) == []
    assert kinds([*month_of_days(length=7), day(7, 100_000)]) == [(Kind.SURGE, "2022-10-10")]


def test_a_pair_seen_once_says_nothing() -> None:
    assert kinds([day(0, 10**6)]) == []
    assert kinds([]) == []


def test_days_before_the_window_are_forgotten() -> None:
    assert kinds([*month_of_days(), day(90, 10_000)]) == [(Kind.SILENT, "2022-11-03")]


def test_a_constant_history_has_no_deviation_and_is_still_judged_by_its_mean() -> None:
    constant = [day(number, 100) for number in range(30)]
    assert kinds([*constant, day(30, 120)]) == []  # less than 1.3 times
    assert kinds([*constant, day(30, 150)]) == [(Kind.SURGE, "2022-11-02")]


def test_a_change_that_is_not_worth_a_word_is_none() -> None:
    small = [day(number, 2, duration=2000, packets=4) for number in range(30)]
    assert kinds([*small, day(30, 9, duration=9000, packets=18)]) == []


def test_one_huge_day_in_the_window_does_not_hide_another() -> None:
    days = [*month_of_days(), day(30, 50_000), day(31, 300)]
    assert kinds(days)[-1] == (Kind.SURGE, "2022-11-03")


def test_one_measure_alone_has_to_be_off_by_far() -> None:
    days = month_of_days()
    assert kinds([*days, day(30, 102, packets=20_000)]) == [(Kind.SURGE, "2022-11-02")]
    assert kinds([*days, day(30, 102, packets=1_500)]) == []
    (finding,) = found_in([*days, day(30, 102, duration=10**11)])
    assert finding.measure == "duration"
    assert finding.reason.startswith("1.2 d of flows instead of about 1.7 h")


def test_a_weekend_is_compared_with_weekends() -> None:
    days = [day(number, 10 if number % 7 >= 5 else 100 + number % 4) for number in range(40)]
    assert kinds([*days, day(40, 11)]) == []  # a Saturday
    assert kinds(days) == []  # nor were the first ones, before there were enough of them to compare with
    (finding,) = found_in([*days, day(40, 100)])
    assert finding.kind is Kind.SURGE
    assert finding.reason.endswith("the median of 10 weekend days before")


def test_a_pair_that_knows_no_other_days_is_compared_with_those_it_has() -> None:
    saturdays = [day(number, 100 + number % 3) for number in range(5, 60) if number % 7 >= 5]
    assert kinds([*saturdays, day(61, 1_000)]) == [(Kind.SURGE, "2022-12-03")]


def test_less_than_usual_says_nothing_on_a_day_that_is_not_over() -> None:
    days = [*month_of_days(), day(30, 5)]
    assert kinds(days, horizon="2022-11-02") == []
    assert kinds(days, horizon="2022-11-03") == [(Kind.DROP, "2022-11-02")]
    assert kinds([*month_of_days(), day(30, 900)], horizon="2022-11-02") == [(Kind.SURGE, "2022-11-02")]


def test_only_days_within_the_span_are_told() -> None:
    days = [*month_of_days(), day(30, 1000), day(31, 1000)]
    assert kinds(days, since="2022-11-03") == [(Kind.SURGE, "2022-11-03")]


def test_a_daily_pair_has_gone_silent_after_two_missing_days() -> None:
    days = month_of_days()
    assert kinds(days, horizon="2022-11-03") == []
    assert kinds(days, horizon="2022-11-04") == [(Kind.SILENT, "2022-11-03")]
    (finding,) = found_in(days, horizon="2022-12-01")
    assert finding.reason == "last seen on 2022-11-01, and not since; before, about 102 flows a day on 30 of 30 days"
    assert finding.severity is Severity.MEDIUM


def test_who_is_often_away_is_missed_later_and_less() -> None:
    days = [day(number, 100) for number in range(30) if number % 3]
    (finding,) = found_in(days, horizon="2022-12-01")
    assert (finding.day, finding.severity) == ("2022-11-05", Severity.LOW)


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


def test_it_is_told_when_a_silence_ended() -> None:
    (finding,) = found_in([*month_of_days(), day(36, 100)])
    assert finding.reason.startswith("last seen on 2022-11-01, and again on 2022-11-08; before,")


def test_who_says_little_is_missed_later_and_less() -> None:
    days = [day(number, 2) for number in range(30)]
    (finding,) = found_in(days, horizon="2022-12-01")
    assert (finding.day, finding.severity) == ("2022-11-05", Severity.LOW)
    once = [day(number, 1) for number in range(30)]
    assert found_in(once, horizon="2022-12-01")[0].reason == (
        "last seen on 2022-11-01, and not since; before, about 1 flow a day on 30 of 30 days"
    )


@pytest.mark.parametrize(
    ("score", "ratio", "severity"),
    [
        (9, 10, Severity.HIGH),
        (9, 3, Severity.MEDIUM),
        (4, 2, Severity.MEDIUM),
        (9, 1.5, Severity.LOW),
        (3, 9, Severity.LOW),
    ],
)
def test_severity_needs_distance_and_size(score: float, ratio: float, severity: Severity) -> None:
    assert severity_of(score, ratio) is severity


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        ("duration", 0, "0 s"),
        ("duration", 90_000_000, "1.5 min"),
        ("duration", 7_200_000_000, "2 h"),
        ("duration", 1_500, "1.5 ms"),
        ("flows", 38, "38"),
        ("flows", 1_234, "1,234"),
        ("packets", 12_345, "12.3 k"),
        ("packets", 4_000_000_000, "4,000 M"),
    ],
)
def test_figures_are_said_as_people_say_them(measure: str, value: float, text: str) -> None:
    assert figure(measure, value) == text


def test_counts_and_times_are_words() -> None:
    assert (count(1, "pair"), count(2_000, "pair"), count(2, "of them", "of them")) == (
        "1 pair",
        "2,000 pairs",
        "2 of them",
    )
    assert (part(108.3, 10), part(4, 16), part(7, 0)) == ("10.8 times", "25 % of", "beyond")
