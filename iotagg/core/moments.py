"""Exact statistics from three integers: count, sum and sum of squares.

All arithmetic is on integers; a mean or deviation is rounded once, at the end, to the double nearest to the exact
rational result. So any order, split or merge of the same numbers gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from operator import mul

from iotagg.errors import NumberTooLarge

MAX_DIGITS = 38  # what a DynamoDB number keeps: "up to 38 digits of precision" (Amazon DynamoDB, data types)
MAX_SUM = 10**MAX_DIGITS - 1


def checked(value: int, what: str) -> int:
    """Return `value`, or raise NumberTooLarge when it has more than 38 digits."""
    if not -MAX_SUM <= value <= MAX_SUM:
        raise NumberTooLarge(f"{what} needs more than {MAX_DIGITS} digits; it cannot be kept exactly")
    return value


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of some integers, of any size: only what is kept has a limit (see checked()).

    Raises ValueError for three integers that no numbers can have.
    """

    count: int = 0
    total: int = 0
    squares: int = 0

    def __post_init__(self) -> None:
        # Cauchy and Schwarz: the squares of n numbers are worth at least the n-th part of their squared sum.
        spread = self.count * self.squares - self.total * self.total
        possible = self.count > 0 and (spread >= 0 if self.count > 1 else spread == 0)
        empty = self.count == self.total == self.squares == 0
        if not (possible or empty):
            raise ValueError(f"no {self.count} numbers have the sum {self.total} and the sum of squares {self.squares}")

    def __add__(self, other: Moments) -> Moments:
        """Merge: the moments of both sets of numbers together."""
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def __sub__(self, other: Moments) -> Moments:
        """Un-merge: what remains when `other`, merged before, is taken out again."""
        return Moments(self.count - other.count, self.total - other.total, self.squares - other.squares)

    def mean(self) -> float | None:
        """Return the arithmetic mean, or None of no numbers."""
        return self.total / self.count if self.count else None

    def variance(self, *, sample: bool = True) -> float | None:
        """Return the variance, with n-1 (`sample`) or n (population) below; None where that is not above 0."""
        spread, divisor = self._spread(sample=sample)
        return spread / divisor if divisor > 0 else None

    def stddev(self, *, sample: bool = True) -> float | None:
        """Return the standard deviation, with n-1 (`sample`) or n (population) below; None where undefined."""
        spread, divisor = self._spread(sample=sample)
        return nearest_sqrt(spread, divisor) if divisor > 0 else None

    def _spread(self, *, sample: bool) -> tuple[int, int]:
        # variance = (n·Σx² - (Σx)²) / (n·(n-1)), or n² below for the population; integers up to the one division.
        spread = self.count * self.squares - self.total * self.total
        return spread, self.count * (self.count - 1 if sample else self.count)


def moments_of(numbers: list[int]) -> Moments:
    """Return the moments of some integers."""
    return Moments(len(numbers), sum(numbers), sum(map(mul, numbers, numbers)))


def nearest_sqrt(numerator: int, denominator: int) -> float:
    """Return the double nearest to the square root of a non-negative rational number.

    The root is taken in integers with a few bits more than a double has; the last of them is set when anything was
    cut off ("rounding to odd", Boldo and Melquiond 2008), so that the one rounding to a double sees on which side
    it is.
    """
    bits_wanted = 2 * 60
    shift = max(0, bits_wanted - numerator.bit_length() + denominator.bit_length()) // 2
    quotient, rest = divmod(numerator << (2 * shift), denominator)
    root = isqrt(quotient)
    inexact = rest > 0 or root * root != quotient
    return (root | inexact) / (1 << shift)
