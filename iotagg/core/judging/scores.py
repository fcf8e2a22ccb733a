"""How far a number is from others of its kind: from exact moments, and from the median."""

from __future__ import annotations

from math import copysign, inf, log1p, sqrt
from typing import TYPE_CHECKING

from iotagg.core.judging.limits import STEADIEST

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL = 1.4826  # the deviation of a normal distribution is so many median absolute deviations


def deviations(value: int, others: Sequence[int]) -> float:
    """Return by how many deviations a value is off, given at least two others, on the scale of a normal distribution.

    Student's t for one more observation, `(x - mean) / (s·√(1 + 1/n))`, from exact integers up to its one division; s
    is never taken for less than a part of the mean. Few others make an uncertain s: t is turned into the normal
    deviation that is as rare, which for f = n - 1 is near `√(f·ln(1 + t²/f)) · (8f + 1)/(8f + 3)` (Wallace 1959).
    """
    count, total = len(others), sum(others)
    off = value * count - total
    if not off:
        return 0.0
    # (n·Σx² - (Σx)²)·scale, or that of others that deviate by the least part of their mean that is believed
    scale = STEADIEST * STEADIEST * count
    spread = count * sum(other * other for other in others) - total * total
    spread = max(spread * scale, total * total * (count - 1))
    free = count - 1
    squared = off * off * free * scale / (spread * (count + 1)) if spread else float(off * off)
    normal = sqrt(free * log1p(squared / free)) * (8 * free + 1) / (8 * free + 3)
    return copysign(normal, off)


def median(numbers: Sequence[float]) -> float:
    """Return the median of at least one number."""
    ordered = sorted(numbers)
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
