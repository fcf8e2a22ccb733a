"""What stands out of one device as a source: pairs it never made before, and many destinations at once."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.history import days_of
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.limits import (
    FAN_OUT_LEAST,
    FAN_OUT_SCORE,
    FAN_OUT_TIMES,
    LEAST,
    RARELY,
    SETTLING,
    WINDOW,
)
from iotagg.core.judging.pairs import severity_of
from iotagg.core.judging.scores import deviations, median
from iotagg.core.judging.words import count, figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.pair_month import PairMonth


class Peers:
    """The destinations of one source: how many on each day, and those it had not met in the window before.

    It is made from all pair-months of a source, sorted by destination and month, and keeps none of them.
    """

    def __init__(self, months: Iterable[PairMonth]) -> None:
        self.met: Counter[int] = Counter()
        self.new: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        destination, before = "", 0
        for month in months:
            if month.destination != destination:
                destination, before = month.destination, 0
            for day in days_of(month):
                number = number_of(day.day)
                self.met[number] += 1
                if not before or number - before > WINDOW:
                    self.new[number].append((destination, day.flows))
                before = number
        self.days = sorted(self.met)


def device_findings(site: str, source: str, peers: Peers, since: str, until: str) -> list[Finding]:
    """Return what stands out of a source between two inclusive days: bursts of destinations, else rare new pairs."""
    first, last = number_of(since), number_of(until)
    found: list[Finding] = []
    for place in range(bisect_left(peers.days, first), len(peers.days)):
        day = peers.days[place]
        if day > last:
            break
        burst = _burst(site, source, peers, place)
        found += [burst] if burst is not None else _rare(site, source, peers, place)
    return found


def _burst(site: str, source: str, peers: Peers, place: int) -> Finding | None:
    day = peers.days[place]
    begin = bisect_left(peers.days, day - WINDOW)
    others = [peers.met[each] for each in peers.days[begin:place]]
    met = peers.met[day]
    if met < FAN_OUT_LEAST or len(others) < LEAST or day not in peers.new:
        return None  # without anybody new, nobody looks at it
    usual, score = median(others), deviations(met, others)
    if met < FAN_OUT_TIMES * usual or score < FAN_OUT_SCORE:
        return None
    return Finding(
        site=site,
        day=day_of(day),
        kind=Kind.FAN_OUT,
        severity=max(Severity.MEDIUM, severity_of(score, met / usual)),
        reason=f"{count(met, 'destination')}, {count(len(peers.new[day]), 'of them', 'of them')} new, instead of about"
        f" {figure('destinations', usual)} on {len(others)} days before",
        source=source,
        score=score,
        measure="destinations",
        usual=usual,
        actual=met,
        pairs=met,
    )


def _rare(site: str, source: str, peers: Peers, place: int) -> list[Finding]:
    day = peers.days[place]
    known_for, known_on = day - peers.days[0], place - bisect_left(peers.days, day - WINDOW)
    if day not in peers.new or known_for < SETTLING or known_on < LEAST:
        return []
    settled = max(peers.days[0] + LEAST, day - WINDOW)
    earlier = [each for each in peers.new if settled <= each < day]
    if len(earlier) > (day - settled) // RARELY:
        return []
    last = f"the last one was {day - max(earlier)} days before" if earlier else f"none in {day - settled} days before"
    return [
        Finding(
            site=site,
            day=day_of(day),
            kind=Kind.NEW_PAIR,
            severity=Severity.LOW,
            reason=f"{count(flows, 'flow')} to a destination that was not met in {WINDOW} days; of such pairs, {last}",
            source=source,
            destination=destination,
            measure="flows",
            actual=flows,
        )
        for destination, flows in sorted(peers.new[day])
    ]
