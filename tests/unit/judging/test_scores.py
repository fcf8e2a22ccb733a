"""How far a figure is from the others."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.judging.scores import are_apart, deviations, median, robust_deviations

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
