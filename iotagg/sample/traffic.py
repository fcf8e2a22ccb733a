"""The flows of a stretch of time: between whom, when, how long, how many packets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from iotagg.sample.behaviours import BEHAVIOURS, SECOND, TCP
from iotagg.sample.chance import Chance, Doubles, Integers, as_integers
from iotagg.sample.days import CalendarDay, Site, calendar_day

ROWS_AT_ONCE = 16_384
_HOUR = 3_600
_DAY = 24 * _HOUR
_FILE_BEGINS = 23 * _HOUR
_EPHEMERAL_PORTS = (32_768, 28_232)  # first, and how many
_BEHAVIOUR_NUMBERS = {behaviour: number for number, behaviour in enumerate(BEHAVIOURS)}
_EMPTY_FLOWS = 0.0002  # the share of flows that last no time at all


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many flows (`rows`) of one calendar day, beginning between two seconds of it (the second one excluded)."""

    day: CalendarDay
    begin: int
    end: int
    rows: int

    def pieces(self) -> Iterator["Stretch"]:
        """Yield the stretch in pieces small enough to hold in memory, one after the other in time."""
        count = -(-self.rows // ROWS_AT_ONCE)
        length = self.end - self.begin
        for number in range(count):
            begin, end = (self.begin + length * edge // count for edge in (number, number + 1))
            first, last = (self.rows * edge // count for edge in (number, number + 1))
            yield Stretch(self.day, begin, max(end, begin + 1), last - first)


def stretches(site: Site, day: date) -> list[Stretch]:
    """Return what a day's file holds: the last hour of the day before, then the day up to 23:00."""
    rows = site.options.rows
    evening = (rows + 12) // 24
    before = calendar_day(site, day - timedelta(days=1))
    return [
        Stretch(before, _FILE_BEGINS, _DAY, evening),
        Stretch(calendar_day(site, day), 0, _FILE_BEGINS, rows - evening),
    ]


@dataclass(frozen=True, slots=True)
class Flows:
    """Columns of equal length, in the order of the file: `pair` counts the day's pairs, `second` since midnight.

    `duration` is in microseconds, `packets` counts those sent forward, `client_port` is the port of who asked.
    """

    pair: Integers
    second: Integers
    duration: Integers
    packets: Integers
    client_port: Integers
    is_tcp: Integers


class Traits:
    """What each pair of a day gives to all of its flows, as columns."""

    def __init__(self, day: CalendarDay) -> None:
        services = [pair.service for pair in day.pairs]
        self.behaviour = as_integers([_BEHAVIOUR_NUMBERS[pair.behaviour] for pair in day.pairs])
        self.packets: Doubles = np.array([pair.packets for pair in day.pairs])
        self.client_port = as_integers([-1 if each.client_port is None else each.client_port for each in services])
        self.is_tcp = as_integers([each.protocol == TCP for each in services])


def draw_flows(stretch: Stretch, chance: Chance) -> Flows:
    """Return the flows of a stretch in the order in which they end, which is when a flow meter writes them down."""
    traits = Traits(stretch.day)
    count = stretch.rows
    pair = chance.apportion(stretch.day.weights, count)
    second = stretch.begin + chance.below(stretch.end - stretch.begin, count)
    duration = _durations(traits.behaviour[pair], chance)
    packets = np.rint(traits.packets[pair] * (1.0 + chance.bell(count) / 2.0)).astype(np.int64)
    port = _client_ports(traits.client_port[pair], chance)
    order = np.argsort(second * int(SECOND) + duration, kind="stable")
    columns = (pair, second, duration, np.maximum(packets, 1), port, traits.is_tcp[pair])
    return Flows(*(column[order] for column in columns))


def _durations(behaviour: Integers, chance: Chance) -> Integers:
    shares = chance.uniform(len(behaviour))
    durations = np.zeros(len(behaviour), dtype=np.int64)
    for number, each in enumerate(BEHAVIOURS):
        chosen = behaviour == number
        durations[chosen] = each.durations.at(shares[chosen]).astype(np.int64)
    durations[chance.uniform(len(behaviour)) < _EMPTY_FLOWS] = 0
    return durations


def _client_ports(fixed: Integers, chance: Chance) -> Integers:
    first, count = _EPHEMERAL_PORTS
    return np.where(fixed >= 0, fixed, first + chance.below(count, len(fixed)))
