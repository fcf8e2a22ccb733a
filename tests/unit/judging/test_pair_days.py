"""Which of a pair's days are odd, and which are not."""

from __future__ import annotations

from iotagg.core.findings import Kind
from tests.unit.judging.days import day, found_in, kinds, month_of_days


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
