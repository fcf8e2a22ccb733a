"""Months of one pair."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from iotagg.core.pair_month import PairMonth

FIRST = date(2022, 10, 3)

SOURCE = "192.0.2.7"


def iso(number: int) -> str:
    """Return a day by its number from 0."""
    return (FIRST + timedelta(days=number)).isoformat()


def months(flows: dict[int, int], destination: str = "198.51.100.9") -> list[PairMonth]:
    """Return the months of a pair with so many flows on each day."""
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"flows": 0, "dur": 0, "pkt": 0})
    for number, count in sorted(flows.items()):
        day = iso(number)
        of_month = sums[day[:7]]
        for total, letter, value in (("flows", "f", count), ("dur", "d", count * 60_000_000), ("pkt", "p", count * 10)):
            of_month[total] += value
            of_month[f"{letter}{day[8:]}"] = value
    return [PairMonth(SOURCE, destination, month, found) for month, found in sums.items()]
