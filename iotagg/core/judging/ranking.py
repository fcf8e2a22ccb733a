"""The ranks of a pair's months, from the pair's days alone: what a store keeps of what stands out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from iotagg.core.history import days_of
from iotagg.core.judging.calendar import day_of, month_of, number_of
from iotagg.core.judging.limits import WINDOW
from iotagg.core.judging.pair_days import odd_days
from iotagg.core.judging.silence import is_steady, silences
from iotagg.core.ranks import Rank, rank_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.history import DayTotal
    from iotagg.core.pair_month import PairMonth

_DAYS_AFTER_THE_28TH = 3


def months_judged(month: str) -> tuple[str, str]:
    """Return the first and last month that are judged differently where days of a month changed."""
    return month, month_of(number_of(f"{month}-28") + _DAYS_AFTER_THE_28TH + WINDOW)


def months_needed(first: str, last: str) -> tuple[str, str]:
    """Return the first and last month that have to be read to judge those between two inclusive ones."""
    return month_of(number_of(f"{first}-01") - WINDOW), last


def are_flags_old(floor: str, month: str) -> bool:
    """Say whether the flags of a month may be those of a time when months below the floor ("" for none) were kept.

    Its days are compared with days that are no longer there. Nobody assesses all pairs again when a floor rises, which
    takes several times as long as to look at each pair of such a month where somebody asks for it.
    """
    return bool(floor) and month <= months_judged(month_of(number_of(f"{floor}-01") - 1))[1]


def ranks_of(months: Sequence[PairMonth], first: str, last: str) -> dict[str, Rank | None]:
    """Return the ranks of a pair's months between two inclusive ones; of a month without flows it is None.

    `months` are the pair's, oldest first, with those that are needed before the first.
    """
    days = [day for month in months for day in days_of(month)]
    numbers = [number_of(day.day) for day in days]
    odd = {oddity.day[:7] for oddity in odd_days(days, f"{first}-01", f"{last}-31")}
    flows = [day.flows for day in days]
    odd |= _months_with_a_silence(numbers, flows)
    ranks: dict[str, Rank | None] = {}
    for month in months:
        if first <= month.month <= last:
            begin = bisect_left(days, month.month, key=_month)
            end = bisect_right(days, month.month, lo=begin, key=_month)
            steady = is_steady(numbers[:end], flows)
            new = _new_day(numbers, begin, end)
            ranks[month.month] = (
                rank_of(month, stands_out=month.month in odd, steady=steady, new=new) if begin < end else None
            )
    return ranks


def _month(day: DayTotal) -> str:
    return day.day[:7]


def _months_with_a_silence(observed: Sequence[int], flows: Sequence[int]) -> set[str]:
    # Those that began and ended within a month. Any other one begins with the last day that a month has: the reader
    # looks at each pair that was steady then, and knows up to when there are days at all.
    if not observed:
        return set()
    found = silences(observed, observed[-1], flows)
    ends = ((silence.last, observed[bisect_right(observed, silence.last)]) for silence in found)
    return {month_of(last) for last, following in ends if month_of(last) == month_of(following)}


def _new_day(observed: Sequence[int], begin: int, end: int) -> int:
    # The day of the month (1 to 31), whose days lie between two places, before which the pair was not met for a whole
    # window; 0 where there is none.
    for place in range(begin, end):
        if not place or observed[place] - observed[place - 1] > WINDOW:
            return int(day_of(observed[place])[8:])
    return 0
