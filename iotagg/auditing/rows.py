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
_RUNNING = {FLOWS_LETTER: FLOWS, **{metric.letter: metric.stored for metric in METRICS}}
_SQUARES = {metric.squares: metric.stored for metric in METRICS}
_OTHER = {*_RUNNING.values(), *_SQUARES}


@cache
def _days(month: str) -> dict[str, str]:
    # The letter of each attribute that a day of this month has.
    days = range(1, monthrange(int(month[:4]), int(month[5:]))[1] + 1)
    return {f"{letter}{day:02}": letter for letter in _RUNNING for day in days}


def fault_of(row: PairMonth) -> str:
    """Return what is wrong with a row of a contribution, or nothing: an odd figure, days that are not the month."""
    if not _MONTH.fullmatch(row.month) or row.month < "0001":
        return f"'{row.month}' is no month"
    sums, days = row.sums, _days(row.month)
    totals = dict.fromkeys(_RUNNING, 0)
    for name, value in sums.items():
        if type(value) is not int or value < 0:
            return f"{name} is {value!r}"
        if name in days:
            totals[days[name]] += value
        elif name not in _OTHER:
            return f"there is no figure {name}"
    for letter, running in _RUNNING.items():
        if totals[letter] != sums.get(running, 0):
            return f"{running} is {sums.get(running, 0)}, its days add up to {totals[letter]}"
    return _impossible(sums)


def _impossible(sums: dict[str, int]) -> str:
    # Cauchy and Schwarz: the squares of n numbers are worth at least the n-th part of their squared sum.
    flows = sums.get(FLOWS, 0)
    if not flows:
        return "it has no flows"
    for squares, total in _SQUARES.items():
        if sums.get(squares, 0) * flows < sums.get(total, 0) ** 2:
            return f"{squares} is {sums.get(squares, 0)}, too little for its sum"
    return ""
