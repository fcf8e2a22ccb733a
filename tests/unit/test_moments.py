"""Moments: exact integers, and figures that are the double nearest to the exact result."""

import statistics
from decimal import Decimal, localcontext
from fractions import Fraction
from math import inf, nextafter, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.moments import MAX_SUM, Moments, checked, moments_of, nearest_sqrt
from iotagg.errors import NumberTooLarge
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None)
small = st.integers(-1000, 1000)
large = st.integers(0, 10**16)
numbers = st.lists(small | large, max_size=8)


def is_nearest_root(root: float, square: Fraction) -> bool:
    """Say whether no other double is nearer to the square root, by comparing the squares of the midpoints, exactly."""
    below = (Fraction(root) + Fraction(nextafter(root, -inf))) / 2
    above = (Fraction(root) + Fraction(nextafter(root, inf))) / 2
    return max(below, Fraction(0)) ** 2 <= square <= above**2


def exact_variance(values: list[int], *, sample: bool) -> Fraction:
    mean = Fraction(sum(values), len(values))
    return sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - sample)


@many
@given(numbers)
def test_the_mean_is_the_double_nearest_to_the_exact_one(values: list[int]) -> None:
    expected = float(Fraction(sum(values), len(values))) if values else None
    assert moments_of(values).mean() == expected


@many
@given(st.lists(small | large, min_size=2, max_size=8), st.booleans())
def test_the_variance_is_the_double_nearest_to_the_exact_one(values: list[int], sample: bool) -> None:
    assert moments_of(values).variance(sample=sample) == float(exact_variance(values, sample=sample))


@many
@given(st.lists(small | large, min_size=2, max_size=8), st.booleans())
def test_the_deviation_is_the_double_nearest_to_the_exact_one(values: list[int], sample: bool) -> None:
    deviation = moments_of(values).stddev(sample=sample)
    assert deviation is not None
    variance = exact_variance(values, sample=sample)
    assert is_nearest_root(deviation, variance)
    with localcontext(prec=120):
        assert deviation == float((Decimal(variance.numerator) / variance.denominator).sqrt())


@many
@given(st.lists(small | large, min_size=2, max_size=8))
def test_variance_and_deviation_agree_with_the_standard_library(values: list[int]) -> None:
    moments = moments_of(values)
    assert moments.variance() == float(statistics.variance(values))
    assert moments.stddev() == statistics.stdev(values)
    assert moments.stddev(sample=False) == statistics.pstdev(values)


@many
@given(st.integers(0, 10**60), st.integers(1, 10**40))
def test_a_square_root_is_the_nearest_double_whatever_the_fraction(numerator: int, denominator: int) -> None:
    assert is_nearest_root(nearest_sqrt(numerator, denominator), Fraction(numerator, denominator))


@many
@given(st.integers(2**53, 2**54 - 1), st.sampled_from([-1, 0, 1]))
def test_a_square_root_beside_the_middle_of_two_doubles_falls_to_the_right_side(middle: int, step: int) -> None:
    # With 54 bits, every odd root lies in the middle of two doubles; one unit of its square decides.
    square = (2 * middle + 1) ** 2 * 4**30 + step
    root = nearest_sqrt(square, 4**30)
    assert is_nearest_root(root, Fraction(square, 4**30))


@pytest.mark.parametrize("whole", [0, 1, 4, 10**32, (2**53 - 1) ** 2])
def test_a_square_root_that_is_whole_stays_whole(whole: int) -> None:
    assert nearest_sqrt(whole, 1) == sqrt(whole)


@many
@given(numbers, numbers, numbers)
def test_merging_is_associative_and_commutative(a: list[int], b: list[int], c: list[int]) -> None:
    one, two, three = moments_of(a), moments_of(b), moments_of(c)
    assert (one + two) + three == one + (two + three) == three + (two + one) == moments_of([*a, *b, *c])


@many
@given(numbers)
def test_merging_no_numbers_changes_nothing(values: list[int]) -> None:
    moments = moments_of(values)
    assert moments + Moments() == Moments() + moments == moments


@many
@given(numbers, numbers)
def test_unmerging_takes_out_what_was_merged(a: list[int], b: list[int]) -> None:
    assert (moments_of(a) + moments_of(b)) - moments_of(b) == moments_of(a)


@pytest.mark.parametrize("offset", [10**15, 10**16 - 2])
def test_a_spread_of_one_survives_a_large_offset(offset: int) -> None:
    moments = moments_of([offset, offset + 1, offset + 2])
    assert moments.mean() == float(offset + 1)
    assert moments.variance() == 1.0
    assert moments.stddev() == 1.0
    assert moments.stddev(sample=False) == nearest_sqrt(2, 3)


def test_equal_numbers_have_no_deviation() -> None:
    assert moments_of([10**15 + 1] * 7).stddev() == 0.0


def test_figures_of_no_numbers_are_undefined() -> None:
    nothing = Moments()
    assert nothing.mean() is nothing.variance() is nothing.stddev() is None
    assert nothing.variance(sample=False) is nothing.stddev(sample=False) is None


def test_one_number_has_a_mean_but_no_sample_deviation() -> None:
    one = moments_of([5])
    assert one.mean() == 5.0
    assert one.variance() is one.stddev() is None
    assert one.variance(sample=False) == one.stddev(sample=False) == 0.0


def test_two_numbers_have_a_deviation() -> None:
    two = moments_of([3, 4])
    assert two.variance() == 0.5
    assert two.stddev() == sqrt(0.5)
    assert two.stddev(sample=False) == 0.5


def test_sums_of_38_digits_are_kept() -> None:
    nines = 10**38 - 1
    assert nines == MAX_SUM
    assert checked(nines, "the sum") == nines
    assert checked(-nines, "the sum") == -nines
    assert Moments(2, 0, nines).variance() == float(nines)


@pytest.mark.parametrize("value", [10**38, -(10**38)])
def test_a_sum_of_39_digits_is_refused_by_name(value: int) -> None:
    with pytest.raises(NumberTooLarge, match=r"^the traffic of a pair needs more than 38 digits"):
        checked(value, "the traffic of a pair")


def test_only_what_is_kept_has_a_limit() -> None:
    # Daily totals that are kept have squares that are not; their deviation is exact all the same.
    large = moments_of([MAX_SUM, MAX_SUM - 2])
    assert large.squares > MAX_SUM
    assert large.stddev() == sqrt(2)


@pytest.mark.parametrize(
    ("count", "total", "squares"),
    [
        (0, 1, 0),
        (0, 0, 1),
        (-1, 0, 0),
        (-1, 1, 1),
        (1, 2, 3),
        (2, 3, 4),
        (3, 0, -1),
        (1, 2, 5),  # one number has but one square
    ],
)
def test_integers_that_no_numbers_can_have_are_refused(count: int, total: int, squares: int) -> None:
    with pytest.raises(ValueError, match=f"no {count} numbers have the sum {total} and the sum of squares {squares}"):
        Moments(count, total, squares)


def test_taking_out_what_was_never_merged_is_refused() -> None:
    with pytest.raises(ValueError, match="no 0 numbers"):
        _ = moments_of([5]) - moments_of([6])


def test_a_root_a_hair_above_the_middle_of_two_doubles_is_rounded_up() -> None:
    # The integer root of the quotient is exact, so that only the division's rest, 1, tells which side it is on.
    middle = ((1 << 53) + 1) << 7
    assert nearest_sqrt(middle * middle * 3 + 1, 3) == float(((1 << 53) + 2) << 7)
    assert nearest_sqrt(middle * middle * 3, 3) == float(1 << 60)
