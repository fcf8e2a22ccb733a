"""Traffic by the day of each pair, for judging: made at once as daily totals, shaped like the sample's.

What the sample makes row by row (`iotagg.sample`) is drawn here by the day: flows are a Poisson count around a pair's
own rate, which sways by 1 to 30 % from day to day, falls at weekends where people are behind it, drifts, pauses, begins
and ends; durations and packets are drawn for every flow, from the sample's curves, in a quarter of the pairs with a
heavy tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from iotagg.core.history import DayTotal
from iotagg.sample import behaviours

if TYPE_CHECKING:
    from iotagg.sample.behaviours import Behaviour

SITE = "site"
FIRST_DAY = date(2022, 1, 3)  # a Monday
MEASURES = ("flows", "duration", "packets")

_SHARES: tuple[tuple[Behaviour, float], ...] = (
    (behaviours.CLOUD, 0.25),
    (behaviours.BROWSING, 0.22),
    (behaviours.LOOKUP, 0.10),
    (behaviours.BULK, 0.10),
    (behaviours.ANNOUNCEMENT, 0.10),
    (behaviours.HEARTBEAT, 0.08),
    (behaviours.KEEP_ALIVE, 0.06),
    (behaviours.STREAM, 0.05),
    (behaviours.LOCAL, 0.04),
)
_CLOCKWORK = 50  # thousandths of sway below which a behaviour is steady
_SATURDAY = 5
_WEEKDAY = 100  # percent of traffic
_HEAVY, _SPORADIC, _LATE, _ENDING, _DRIFTING, _ROTATING = 0.25, 0.15, 0.15, 0.10, 0.20, 0.20

Array = Any  # of numpy, whose types say little more


@dataclass(frozen=True, slots=True)
class Size:
    """How large a site is and for how long it is watched."""

    devices: int = 150
    peers: int = 10
    days: int = 120


@dataclass(frozen=True, slots=True)
class Traffic:
    """A site's pair-days: `totals[pair, day]` has flows, duration in µs and packets; without flows, there is no day.

    `device[pair]` is its source. `passing[device, day]` counts destinations of that day alone, of devices whose cloud
    answers from ever new addresses.
    """

    totals: Array
    device: Array
    passing: Array
    weekend: Array
    rate: Array

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.totals.shape[1])

    def history(self, pair: int) -> list[DayTotal]:
        """Return a pair's observed days, oldest first."""
        return [total_of(day, figures) for day, figures in enumerate(self.totals[pair].tolist()) if figures[0]]


def total_of(day: int, figures: list[int]) -> DayTotal:
    """Return a day's total, of a day given by its number from 0."""
    return DayTotal(iso(day), figures[0], tuple(figures[1:]))


def iso(day: int) -> str:
    """Return the ISO day of a number from 0."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def source(device: int) -> str:
    """Return the address of a device."""
    return f"192.168.{20 + device // 200}.{10 + device % 200}"


def made(seed: int, number: int, size: Size, *, harsh: bool = False) -> Traffic:
    """Return the traffic of a site, the same for the same seed and number.

    Harsh sways are of the normal distribution.
    """
    rng = np.random.default_rng((seed, number))
    pairs = size.devices * size.peers
    kinds = rng.choice(len(_SHARES), pairs, p=[share for _, share in _SHARES])
    rhythms = [_SHARES[kind][0].rhythm for kind in kinds]
    steady = np.array([rhythm.sway < _CLOCKWORK for rhythm in rhythms])
    human = np.array([rhythm.weekend < _WEEKDAY for rhythm in rhythms])
    sway = np.where(steady, rng.uniform(0.01, 0.05, pairs), rng.uniform(0.05, 0.30, pairs))
    days = np.arange(size.days)
    weekend = days % 7 >= _SATURDAY
    rate = 2 * 1_000 ** (rng.random(pairs) ** 1.5)  # 2 to 2,000 flows a day, most of them few
    level = rate[:, None] * (1 + sway[:, None] * _leaning(rng, (pairs, size.days), harsh=harsh))
    level *= np.where(weekend & human[:, None], rng.uniform(0.25, 0.75, pairs)[:, None], 1)
    level *= 1 + np.where(rng.random(pairs) < _DRIFTING, rng.uniform(-0.4, 0.4, pairs), 0)[:, None] * days / size.days
    flows = rng.poisson(np.maximum(level, 0)) * _present(rng, pairs, days)
    totals = _totals(rng, flows, kinds)
    rotating = rng.random(size.devices) < _ROTATING
    passing = rng.poisson(np.where(rotating, rng.uniform(0.2, 8, size.devices), 0)[:, None], (size.devices, size.days))
    return Traffic(totals, rng.permutation(pairs) % size.devices, passing, weekend, rate)


def _leaning(rng: Any, shape: tuple[int, int], *, harsh: bool) -> Array:
    if harsh:
        return np.clip(0.6 * rng.normal(size=shape), -1.8, 1.8)
    return rng.random(shape) + rng.random(shape) - 1  # a triangle, as the sample's


def _present(rng: Any, pairs: int, days: Array) -> Array:
    # Whether a pair is there on a day: some come on few days, some begin, some end.
    often = np.where(rng.random(pairs) < _SPORADIC, rng.uniform(0.15, 0.7, pairs), 1)
    begin = np.where(rng.random(pairs) < _LATE, rng.integers(0, len(days), pairs), 0)
    end = np.where(rng.random(pairs) < _ENDING, rng.integers(0, len(days), pairs), len(days))
    there = (days >= begin[:, None]) & (days < end[:, None])
    return there & (rng.random((pairs, len(days))) < often[:, None])


def _totals(rng: Any, flows: Array, kinds: Array) -> Array:
    pairs, days = flows.shape
    totals = np.zeros((pairs, days, len(MEASURES)), np.int64)
    totals[:, :, 0] = flows
    heavy = np.where(rng.random(pairs) < _HEAVY, rng.uniform(0.5, 1.2, pairs), 0)
    for kind, (behaviour, _) in enumerate(_SHARES):
        chosen = np.flatnonzero(kinds == kind)
        cell = np.repeat(np.arange(chosen.size * days), flows[chosen].ravel())
        tail = heavy[chosen][cell // days]
        usual = behaviour.packets.at(rng.random(chosen.size))[cell // days]
        each = usual * (1 + (rng.random(cell.size) + rng.random(cell.size) - 1) / 2)
        packets = np.maximum(1, np.rint(each * _tailed(rng, tail)))
        short = np.where(tail > 0, 0.3, 1)  # so that a heavy tail has room below the longest flow
        lasting = np.minimum(behaviour.durations.at(rng.random(cell.size)) * short * _tailed(rng, tail), _LONGEST)
        for place, figures in ((1, lasting), (2, packets)):
            sums = np.bincount(cell, figures, chosen.size * days)
            totals[chosen, :, place] = sums.reshape(chosen.size, days).astype(np.int64)
    return totals


def _tailed(rng: Any, tail: Array) -> Array:
    return np.exp(tail * rng.normal(size=tail.size) - tail * tail / 2)  # lognormal, of mean 1


_LONGEST = behaviours.LONGEST_FLOW
