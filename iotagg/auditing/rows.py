"""What a chunk's rows have to be like, whatever they say."""

from __future__ import annotations

import re
from calendar import monthrange
from functools import cache
from typing import TYPE_CHECKING

from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS

if TYPE_CHECKING:
    from iotagg.core.pair_month import PairMonth

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_LETTERS = (FLOWS_LETTER, *(metric.letter for metric in METRICS))
_RUNNING = (FLOWS, *(metric.stored for metric in METRICS))
_SQUARES = tuple((metric.squares, metric.stored) for metric in METRICS)
_OTHER = {*_RUNNING, *(metric.squares for metric in METRICS)}
_FLOWS = 0  # the place of flows among the letters


@cache
def _days(month: str) -> dict[str, int]:
    # For each attribute that a day of this month has, the place of its letter.
    days = range(1, monthrange(int(month[:4]), int(month[5:]))[1] + 1)
    return {f"{letter}{day:02}": place for place, letter in enumerate(_LETTERS) for day in days}


def examined(row: PairMonth) -> tuple[str, list[str]]:
    """Return what is wrong with a row of a contribution, or nothing, and the days on which there are flows (`06`).

    Wrong are odd figures, and days that do not add up to the month.
    """
    if row.month < "0001" or not _MONTH.fullmatch(row.month):
        return f"'{row.month}' is no month", []
    sums, places, totals, days = row.sums, _days(row.month), [0] * len(_LETTERS), []
    for name, value in sums.items():
        if value.__class__ is not int or value < 0:
            return f"{name} is {value!r}", []
        place = places.get(name)
        if place is not None:
            totals[place] += value
            if place == _FLOWS and value:
                days.append(name[1:])
        elif name not in _OTHER:
            return f"there is no figure {name}", []
    for running, total in zip(_RUNNING, totals, strict=True):
        if total != sums.get(running, 0):
            return f"{running} is {sums.get(running, 0)}, its days add up to {total}", []
    return _impossible(sums, totals[_FLOWS]), days


def _impossible(sums: dict[str, int], flows: int) -> str:
    # Cauchy and Schwarz: the squares of n numbers are worth at least the n-th part of their squared sum.
    if not flows:
        return "it has no flows"
    for squares, total in _SQUARES:
        if sums.get(squares, 0) * flows < sums.get(total, 0) ** 2:
            return f"{squares} is {sums.get(squares, 0)}, too little for its sum"
    return ""
