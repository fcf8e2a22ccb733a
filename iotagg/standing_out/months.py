"""Months as a store names them (`2022-12`)."""

from __future__ import annotations

_MONTHS = 12


def months_between(first: str, last: str) -> list[str]:
    """Return the months between two inclusive ISO days, oldest first."""
    begin, end = (int(day[:4]) * _MONTHS + int(day[5:7]) - 1 for day in (first, last))
    return [f"{number // _MONTHS:04}-{number % _MONTHS + 1:02}" for number in range(begin, end + 1)]
