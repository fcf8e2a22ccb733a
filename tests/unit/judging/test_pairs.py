"""What is told of a pair."""

from __future__ import annotations

import pytest

from iotagg.core.findings import Kind, Severity
from iotagg.core.judging.pairs import severity_of
from tests.unit.judging.days import day, found_in, kinds, month_of_days


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


def test_one_measure_alone_has_to_be_off_by_far() -> None:
    days = month_of_days()
    assert kinds([*days, day(30, 102, packets=20_000)]) == [(Kind.SURGE, "2022-11-02")]
    assert kinds([*days, day(30, 102, packets=1_500)]) == []
    (finding,) = found_in([*days, day(30, 102, duration=10**11)])
    assert finding.measure == "duration"
    assert finding.reason.startswith("1.2 d of flows instead of about 1.7 h")


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
    assert (
        finding.reason
        == "last seen on 2022-11-01, not again by 2022-11-30; before, about 102 flows a day on 30 of 30 days"
    )
    assert finding.severity is Severity.MEDIUM


def test_who_is_often_away_is_missed_later_and_less() -> None:
    days = [day(number, 100) for number in range(30) if number % 3]
    (finding,) = found_in(days, horizon="2022-12-01")
    assert (finding.day, finding.severity) == ("2022-11-05", Severity.LOW)


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


def test_who_says_little_is_missed_later_and_less() -> None:
    days = [day(number, 2) for number in range(30)]
    (finding,) = found_in(days, horizon="2022-12-01")
    assert (finding.day, finding.severity) == ("2022-11-05", Severity.LOW)
    once = [day(number, 1) for number in range(30)]
    assert found_in(once, horizon="2022-12-01")[0].reason == (
        "last seen on 2022-11-01, not again by 2022-11-30; before, about 1 flow a day on 30 of 30 days"
    )


def test_it_is_told_when_a_silence_ended() -> None:
    (finding,) = found_in([*month_of_days(), day(36, 100)])
    assert finding.reason.startswith("last seen on 2022-11-01, again on 2022-11-08; before,")
