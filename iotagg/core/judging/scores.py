"""How far a number is from others of its kind: from exact moments, and from the median."""

from __future__ import annotations

from math import copysign, inf, sqrt
from typing import TYPE_CHECKING

from iotagg.core.judging.limits import APART, STEADIEST
from iotagg.core.moments import moments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL = 1.4826  # the deviation of a normal distribution is so many median absolute deviations


def deviations(value: int, others: Sequence[int]) -> float:
    """Return by how many deviations a value is off, given at least two others.

    Student's t for one more observation, `(x - mean) / (s·√(1 + 1/n))`, from exact integers up to its one division; the
    sample deviation s is never taken for less than a part of the mean.
    """
    count, total = len(others), sum(others)
    off = value * count - total
    # (n·Σx² - (Σx)²)·scale, or that of others that deviate by the least part of their mean that is believed
    scale = STEADIEST * STEADIEST * count
    spread = count * sum(other * other for other in others) - total * total
    spread = max(spread * scale, total * total * (count - 1))
    squared = off * off * (count - 1) * scale / (spread * (count + 1)) if spread else float(off * off)
    return copysign(sqrt(squared), off)


def are_apart(some: Sequence[int], others: Sequence[int]) -> bool:
    """Say whether the means of two groups of at least two numbers differ by more than they would by chance.

    Welch's test: their distance, in deviations of that distance.
    """
    one, other = moments_of(list(some)), moments_of(list(others))
    distance = (one.mean() or 0.0) - (other.mean() or 0.0)
    error = sum((each.variance() or 0.0) / each.count for each in (one, other))
    return distance * distance > APART * APART * error


def median(numbers: Sequence[float]) -> float:
    """Return the median of at least one number."""
    return middle_of(sorted(numbers))


def middle_of(ordered: Sequence[float]) -> float:
    """Return the median of at least one number, of which the smallest comes first."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def robust_deviations(numbers: Sequence[int]) -> list[float]:
    """Return for each number by how many deviations it is off the median of all.

    The deviation is estimated by the median absolute deviation, which one number of any size cannot move; it is never
    taken for less than a part of the median. Where both are 0, whatever is not 0 is infinitely far.
    """
    middle = median(numbers)
    unit = max(_NORMAL * median([abs(number - middle) for number in numbers]), middle / STEADIEST)
    if unit:
        return [(number - middle) / unit for number in numbers]
    return [inf if number else 0.0 for number in numbers]
