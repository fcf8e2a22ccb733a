"""What flows on one calendar day: every pair with its weight, after the week's rhythm and the day's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from iotagg.sample.anomalies import Anomaly
from iotagg.sample.behaviours import Rhythm
from iotagg.sample.chance import Chance, Integers, Purpose, as_integers
from iotagg.sample.network import Network, newcomers
from iotagg.sample.options import SampleOptions
from iotagg.sample.pairs import WHOLE, Pair

_SATURDAY = 5
_LEAST_FOR_NEWCOMERS = WHOLE // 50


@dataclass(frozen=True, slots=True)
class Site:
    """A site's network and the events planted in it."""

    options: SampleOptions
    network: Network
    anomalies: Sequence[Anomaly]


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """The pairs of one day and how often each is met among the day's flows."""

    day: date
    pairs: Sequence[Pair]
    weights: Integers


def calendar_day(site: Site, day: date) -> CalendarDay:
    """Return the traffic of a day, from midnight to midnight; the same for each file that holds a part of it."""
    known = [*site.network.recurring, *(pair for event in site.anomalies for pair in event.added_on(day))]
    weights = _weights_on(site, known, day)
    left = max(_LEAST_FOR_NEWCOMERS, WHOLE - sum(weights))
    new = newcomers(site.options, site.network, day)
    weights += [pair.weight * left // WHOLE for pair in new]
    return CalendarDay(day, known + new, as_integers(weights))


def _weights_on(site: Site, pairs: Sequence[Pair], day: date) -> list[int]:
    leanings = Chance(site.options.seed, Purpose.DAY, site.network.site, day).bell(len(pairs))
    changes = {(event.source, event.destination): event for event in site.anomalies}
    weights = []
    for pair, leaning in zip(pairs, leanings, strict=True):
        event = changes.get((pair.source, pair.destination))
        percent = 100 if event is None else event.percent_on(day)
        rhythm = _thousandths(pair.behaviour.rhythm, day, float(leaning))
        weights.append(pair.weight * rhythm // 1_000 * percent // 100)
    return weights


def _thousandths(rhythm: Rhythm, day: date, leaning: float) -> int:
    swayed = 1_000 + int(rhythm.sway * leaning)
    return swayed * rhythm.weekend // 100 if day.weekday() >= _SATURDAY else swayed
