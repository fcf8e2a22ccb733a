"""A site's pairs whose totals are as uneven as real ones: a few have most, and most have a few flows in a month.

Flows follow a power law (Pareto); what a flow takes and how many packets it has vary by orders of magnitude from pair
to pair (log-normal); and sources and destinations have unevenly many pairs.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, NamedTuple

from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.pair_month import RUNNING, PairMonth

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTH, BEFORE = "2022-12", "2022-11"
_DAYS = 30
_MOST_FLOWS, _MOST_MICROSECONDS = 500_000, 120_000_000  # a flow meter cuts a flow after two minutes
_SOURCES, _DESTINATIONS = 50, 10  # so many pairs has one on average


class PairTraffic(NamedTuple):
    """What a pair does in a month: its addresses, flows by day, and µs and packets of a flow."""

    source: str
    destination: str
    flows: dict[str, int]
    duration: int
    packets: int

    def month(self, month: str, share: float = 1.0) -> PairMonth:
        """Return the pair-month that this share of its flows makes."""
        sums = dict.fromkeys(RUNNING, 0)  # first, as in a store
        for day, usual in self.flows.items():
            flows = max(1, round(usual * share))
            sums[FLOWS] += flows
            sums[f"{FLOWS_LETTER}{day}"] = flows
            for metric, each in zip(METRICS, (self.duration, self.packets), strict=True):
                sums[metric.stored] += each * flows
                sums[f"{metric.letter}{day}"] = each * flows
        for metric, each in zip(METRICS, self[3:], strict=True):
            sums[metric.squares] = each**2 * sums[FLOWS]
        return PairMonth(self.source, self.destination, month, sums)


def traffic(pairs: int, seed: int = 1) -> Iterator[tuple[PairMonth, PairMonth | None]]:
    """Yield each pair's month and the month before, None where it is new: one in ten; `pairs` is 1,000 at least."""
    chance = random.Random(seed)  # noqa: S311 (a seeded order, no secret)
    met: set[tuple[int, int]] = set()
    while len(met) < pairs:
        # The square makes a few devices have very many pairs.
        places = (int(pairs // _SOURCES * chance.random() ** 2), int(pairs // _DESTINATIONS * chance.random() ** 2))
        if places in met:
            continue
        met.add(places)
        pair = _pair(chance, *places)
        known = chance.random() < 0.9  # noqa: PLR2004 (one in ten is new)
        yield pair.month(MONTH), pair.month(BEFORE, math.exp(chance.gauss(0, 0.3))) if known else None


def _pair(chance: random.Random, source: int, destination: int) -> PairTraffic:
    flows = min(_MOST_FLOWS, int(chance.paretovariate(0.9)))
    days = sorted(chance.sample(range(1, _DAYS + 1), min(flows, chance.randint(1, _DAYS))))
    return PairTraffic(
        f"10.{source >> 16}.{source >> 8 & 255}.{source & 255}",
        f"198.{18 + (destination >> 16)}.{destination >> 8 & 255}.{destination & 255}",
        {f"{day:02}": max(1, flows // len(days)) for day in days},
        min(_MOST_MICROSECONDS, int(math.exp(chance.gauss(math.log(500_000), 2.2)))),
        max(1, int(math.exp(chance.gauss(math.log(4), 1.2)))),
    )
