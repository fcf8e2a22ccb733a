"""Days as numbers, so that a window is a subtraction; and what kind of day each is."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from iotagg.core.judging.limits import WEEKEND

_DAYS_REMEMBERED = 4_096  # each pair is judged by the same ones


@lru_cache(_DAYS_REMEMBERED)
def number_of(day: str) -> int:
    """Return the number of an ISO day: 1 is 0001-01-01."""
    return date.fromisoformat(day).toordinal()


def day_of(number: int) -> str:
    """Return the ISO day of a number; what would lie after 9999-12-31 is that day."""
    return date.fromordinal(min(number, date.max.toordinal())).isoformat()


def is_weekend(number: int) -> bool:
    """Say whether a day is a Saturday or a Sunday: day 1 was a Monday."""
    return (number - 1) % 7 >= WEEKEND


def month_of(number: int) -> str:
    """Return the month (`2022-12`) of a day's number, from 0001-01 to 9999-12."""
    return date.fromordinal(min(max(number, 1), date.max.toordinal())).isoformat()[:7]
