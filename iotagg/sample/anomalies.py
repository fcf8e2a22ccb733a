"""Unusual events hidden in a site's traffic, and what they change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from math import lcm

from iotagg.sample import addresses, behaviours
from iotagg.sample.chance import Chance, Purpose
from iotagg.sample.network import Network
from iotagg.sample.options import SampleOptions
from iotagg.sample.pairs import WHOLE, Pair

_NEW_PAIR_WEIGHT = WHOLE // 100
_NEW_PAIR_PACKETS = 200.0
_FAN_OUT_PEERS = 100
_FAN_OUT_LEAST_FLOWS = 2
_FAN_OUT_ROWS_PER_FLOW = 10_000
_SERVICE = behaviours.CLOUD.services[0]


class Kind(StrEnum):
    """What is unusual."""

    SURGE = "surge"
    DROP = "drop"
    SILENT = "silent"
    NEW_PAIR = "new-pair"
    FAN_OUT = "fan-out"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One event; `destination` is empty where it concerns all of a device's peers, `detail` says it in figures."""

    site: str
    day: date
    source: str
    destination: str
    kind: Kind
    detail: str
    added: Sequence[Pair] = field(default=(), repr=False)

    def added_on(self, day: date) -> Sequence[Pair]:
        """Return the pairs that exist on this day because of the event."""
        return self.added if day == self.day else ()

    def percent_on(self, day: date) -> int:
        """Return what is left, on this day, of the usual traffic of the event's pair."""
        if self.kind is Kind.SILENT:
            return 0 if day >= self.day else 100
        return _PERCENT_THAT_DAY.get(self.kind, 100) if day == self.day else 100


# A drop leaves some flows: a day without any is no day of the pair at all.
_PERCENT_THAT_DAY = {Kind.SURGE: 1_000, Kind.DROP: 25}


@dataclass(frozen=True, slots=True)
class _Occasion:
    """What an event is made of: where, when, as which of the site's events, and among how many rows a day.

    `targets` yields steady pairs; an event takes one for itself, so that no two events meet in a pair.
    """

    network: Network
    day: date
    number: int
    rows: int
    targets: Iterator[Pair]

    def flows(self, pair: Pair) -> int:
        return max(1, round(pair.weight * self.rows / WHOLE))

    @property
    def quiet_device(self) -> str:
        devices = self.network.devices
        return devices[-1 - self.number % max(1, len(devices) // 2)]

    def peer(self, number: int = 0) -> str:
        return addresses.anomalous_peer(self.number * (_FAN_OUT_PEERS + 1) + number)


def plant(options: SampleOptions, network: Network) -> list[Anomaly]:
    """Return the site's events, in order of their days; the same for the same options."""
    kinds = _kinds_of(options, network.site)
    chance = Chance(options.seed, Purpose.ANOMALIES, network.site)
    allowed = options.days_for_anomalies()
    picked = sorted(allowed[int(number)] for number in chance.shuffled(len(allowed))[: len(kinds)])
    # The busiest pairs are left alone: ten times as much of them would push everything else aside.
    steady = network.cloud[len(network.cloud) // 5 :]
    targets = iter([steady[int(number)] for number in chance.shuffled(len(steady))])
    events = []
    for number, (kind, day) in enumerate(zip(kinds, picked, strict=True)):
        occasion = _Occasion(network, options.first_day + timedelta(days=day), number, options.rows, targets)
        events.append(_MAKERS[kind](occasion))
    return events


def _kinds_of(options: SampleOptions, site: str) -> list[Kind]:
    kinds = [kind for kind, name in _round_robin(options) if name == site]
    # Silence comes first, so that it has days left to last.
    return sorted(kinds, key=lambda kind: kind is not Kind.SILENT)


def _round_robin(options: SampleOptions) -> Iterator[tuple[Kind, str]]:
    """Yield kinds and sites in turn, shifted after a full round so that every kind reaches every site."""
    kinds, sites = list(Kind), options.sites
    full_round = lcm(len(kinds), len(sites))
    for number in range(options.anomalies):
        yield kinds[number % len(kinds)], sites[(number + number // full_round) % len(sites)]


def _surge(occasion: _Occasion) -> Anomaly:
    pair = next(occasion.targets)
    usual = occasion.flows(pair)
    return _about(occasion, pair, Kind.SURGE, f"about {10 * usual} flows on this day; usually about {usual}")


def _drop(occasion: _Occasion) -> Anomaly:
    pair = next(occasion.targets)
    usual = occasion.flows(pair)
    return _about(occasion, pair, Kind.DROP, f"about {usual / 4:.0f} flows on this day; usually about {usual}")


def _silence(occasion: _Occasion) -> Anomaly:
    pair = next(occasion.targets)
    usual = occasion.flows(pair)
    return _about(occasion, pair, Kind.SILENT, f"no flow from this day on; usually about {usual} a day")


def _new_pair(occasion: _Occasion) -> Anomaly:
    source, peer = occasion.quiet_device, occasion.peer()
    pair = Pair(source, peer, _SERVICE, behaviours.CLOUD, _NEW_PAIR_WEIGHT, _NEW_PAIR_PACKETS)
    flows = occasion.flows(pair)
    detail = f"never seen before; about {flows} flows of about {_NEW_PAIR_PACKETS:.0f} packets on this day only"
    return _about(occasion, pair, Kind.NEW_PAIR, detail, (pair,))


def _fan_out(occasion: _Occasion) -> Anomaly:
    source = occasion.quiet_device
    flows = max(_FAN_OUT_LEAST_FLOWS, occasion.rows // _FAN_OUT_ROWS_PER_FLOW)
    weight = flows * WHOLE // occasion.rows
    peers = [occasion.peer(number) for number in range(_FAN_OUT_PEERS)]
    pairs = [Pair(source, peer, _SERVICE, behaviours.CLOUD, weight, 2.0) for peer in peers]
    detail = f"{_FAN_OUT_PEERS} peers never seen before on this day only; about {flows} flows to each"
    return Anomaly(occasion.network.site, occasion.day, source, "", Kind.FAN_OUT, detail, pairs)


def _about(occasion: _Occasion, pair: Pair, kind: Kind, detail: str, added: Sequence[Pair] = ()) -> Anomaly:
    return Anomaly(occasion.network.site, occasion.day, pair.source, pair.destination, kind, detail, added)


_MAKERS: dict[Kind, Callable[[_Occasion], Anomaly]] = {
    Kind.SURGE: _surge,
    Kind.DROP: _drop,
    Kind.SILENT: _silence,
    Kind.NEW_PAIR: _new_pair,
    Kind.FAN_OUT: _fan_out,
}
