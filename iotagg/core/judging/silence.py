"""Days that are missing: a pair that has gone silent, or a site that sent nothing."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.judging.limits import ENOUGH_MISSED, LEAST, LONGEST_PATIENCE, WINDOW

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


def silences(observed: Sequence[int], horizon: int, flows: Sequence[int] = ()) -> Iterator[Silence]:
    """Yield the silences among days, given by their ascending numbers, that stood out before the horizon.

    Days at the horizon and behind it are not over. A pair's days come with their `flows`: its silence stands out once
    it is longer than twice the longest one in the window before it, and a day more, and once so many flows are missing
    that it is no chance. A site's days come without: it is expected on each day that it ever sent. Either is missed
    only after days of which at least half were observed.
    """
    for place, last in enumerate(observed):
        following = observed[place + 1] if place + 1 < len(observed) else horizon
        if following - last > 1:
            silence = _silence_after(observed, place, flows)
            if silence is not None and silence.stands_out < min(following, horizon):
                yield silence


def is_steady(observed: Sequence[int], flows: Sequence[int]) -> bool:
    """Say whether a silence after the last of a pair's days, given with their flows, could ever stand out."""
    return bool(observed) and _silence_after(observed, len(observed) - 1, flows) is not None


def _silence_after(observed: Sequence[int], place: int, flows: Sequence[int]) -> Silence | None:
    last = observed[place]
    begin = bisect_left(observed, last - WINDOW + 1, hi=place)
    present, span = place + 1 - begin, last - observed[begin] + 1
    if present < LEAST or 2 * present < span:
        return None
    allowed = max(observed[each + 1] - observed[each] - 1 for each in range(begin, place))
    if flows:
        enough = -(-ENOUGH_MISSED * span // sum(flows[begin : place + 1]))
        allowed = max(2 * allowed + 1, enough - 1)
    return Silence(last, last + allowed + 1, present, span) if allowed <= LONGEST_PATIENCE else None
