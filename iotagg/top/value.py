"""What is compared: exact values, made of exact figures, or bounds of them, made of bounds."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from iotagg.core.metrics import METRICS
from iotagg.top.question import By

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from iotagg.top.question import Question

    Exact = int | Fraction

Value = int  # which sorts as what is compared does: that itself, or of a fraction the whole part of its FINE-fold
Figures = tuple[int, ...]  # those of METRICS, the flows, and the duration in the span before

_PLACES = {metric.role: place for place, metric in enumerate(METRICS)}
DURATION, PACKETS, FLOWS, BEFORE = _PLACES["duration"], _PLACES["packets"], len(METRICS), len(METRICS) + 1
NOTHING: Figures = (0,) * (BEFORE + 1)

MAIN = {By.DURATION: DURATION, By.PACKETS: PACKETS, By.FLOWS: FLOWS, By.GROWTH: DURATION, By.PACE: DURATION}
# Two fractions whose denominators are below 2^256, as the sums of all that a device may have are, differ by more than
# 2^-512: by more than 1, once they are multiplied. To compare whole numbers is many times faster.
FINE = 1 << 512
NEEDED = {by: (place,) for by, place in MAIN.items()} | {By.PACE: (DURATION, PACKETS)}  # of the sizes of a rank


def added(one: Sequence[int], other: Sequence[int]) -> Figures:
    """Return the sums of figures, one by one."""
    return tuple(map(add, one, other))


def value(question: Question, most: Sequence[int], least: Sequence[int]) -> Value | None:
    """Return the largest value that figures between these can have, as it sorts; None where they cannot take part.

    Of exact figures, given twice, it is the value. Given the other way round, it is the smallest value, and None where
    figures between these may not take part.
    """
    match question.by:
        case By.GROWTH:
            growth = most[DURATION] - least[BEFORE]
            return growth if growth > 0 else None
        case By.PACE:
            packets = max(question.packets, least[PACKETS])
            return most[DURATION] * FINE // packets if most[PACKETS] >= question.packets else None
    return most[MAIN[question.by]]


def of_point(question: Question, figures: Sequence[int]) -> Exact | None:
    """Return what a trend shows of a day or a month; None where there were no packets to divide by."""
    if question.by is By.PACE:
        return pace(figures) if figures[PACKETS] else None
    return figures[MAIN[question.by]] + (figures[BEFORE] if question.by is By.GROWTH else 0)


def pace(figures: Sequence[int]) -> Fraction:
    """Return µs per packet, exactly."""
    from fractions import Fraction  # noqa: PLC0415 (slow to load, and one measure alone needs it)

    return Fraction(figures[DURATION], figures[PACKETS])
