"""Days that are missing: a pair that has gone silent, or a site that sent nothing."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.judging.limits import LEAST, LONGEST_PATIENCE, WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch without an observed day: the numbers of the last day before it, and of the one on which it stood out.

    `present` of the last `span` days were observed before it.
    """

    last: int
    stands_out: int
    present: int
    span: int


def silences(observed: Sequence[int], horizon: int, *, times: int = 2, more: int = 1) -> Iterator[Silence]:
    """Yield the silences among days, given by their ascending numbers, that stood out before the horizon.

    Days at the horizon and behind it are not over. A silence stands out once it is longer than so many `times` the
    longest one in the window before it, and some days `more`; and only after days of which at least half were observed.
    """
    for place, last in enumerate(observed):
        following = observed[place + 1] if place + 1 < len(observed) else horizon
        if following - last > 1:
            silence = _silence_after(observed, place, times, more)
            if silence is not None and silence.stands_out < min(following, horizon):
                yield silence


def is_steady(observed: Sequence[int]) -> bool:
    """Say whether a silence after the last of these days, given by their ascending numbers, could ever stand out."""
    return bool(observed) and _silence_after(observed, len(observed) - 1) is not None


def _silence_after(observed: Sequence[int], place: int, times: int = 2, more: int = 1) -> Silence | None:
    last = observed[place]
    begin = bisect_left(observed, last - WINDOW + 1, hi=place)
    present, span = place + 1 - begin, last - observed[begin] + 1
    if present < LEAST or 2 * present < span:
        return None
    longest = max(observed[each + 1] - observed[each] - 1 for each in range(begin, place))
    allowed = times * longest + more
    return Silence(last, last + allowed + 1, present, span) if allowed <= LONGEST_PATIENCE else None
