"""Random numbers that are the same on every machine and with every release of numpy.

Only raw 64-bit words are drawn, whose sequence numpy promises never to change. All else is made of them by integer
arithmetic and by single operations that IEEE 754 defines to the last bit: no exponential, no logarithm, no float sum.
"""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

_GOLDEN = 0.6180339887498949  # steps of this length, wrapped at 1, never come close to each other


class Purpose(IntEnum):
    """What a stream of random numbers is for; each purpose has its own, so none disturbs another."""

    NETWORK = 1
    ANOMALIES = 2
    NEWCOMERS = 3
    DAY = 4
    FLOWS = 5
    FEATURES = 6


class Chance:
    """A stream of random numbers, fixed by the seed, the site, the day and the purpose."""

    def __init__(self, seed: int, purpose: Purpose, site: str = "", day: date = date.min) -> None:
        key = (int.from_bytes(site.encode("ascii")), day.toordinal(), int(purpose))
        self._source = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    def _words(self, count: int) -> NDArray[np.uint64]:
        words: NDArray[np.uint64] = self._source.random_raw(count)
        return words

    def uniform(self, count: int) -> Doubles:
        """Return numbers from 0 up to, but not including, 1."""
        return (self._words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def bell(self, count: int) -> Doubles:
        """Return numbers between -1 and 1, most of them near 0 (a triangular distribution)."""
        return self.uniform(count) + self.uniform(count) - 1.0

    def below(self, bound: int, count: int) -> Integers:
        """Return whole numbers from 0 to `bound` - 1."""
        return (self.uniform(count) * bound).astype(np.int64)

    def shuffled(self, count: int) -> Integers:
        """Return the numbers 0 to `count` - 1 in random order."""
        return np.argsort(self._words(count), kind="stable").astype(np.int64)

    def scattered(self, count: int) -> Doubles:
        """Return numbers from 0 up to 1 of which the first few, too, lie evenly; the very first is near the middle."""
        return (0.45 + np.arange(count) * _GOLDEN + self.uniform(count) / 10.0) % 1.0

    def apportion(self, weights: Integers, count: int) -> Integers:
        """Return `count` indexes into `weights`, ascending, each as often as its weight says, give or take one."""
        borders = np.cumsum(weights)
        points = (np.arange(count) + self.uniform(1)) * (int(borders[-1]) / max(count, 1))
        found = np.searchsorted(borders, points.astype(np.int64), side="right")
        return np.minimum(found, len(weights) - 1).astype(np.int64)


def zipf_weights(count: int, skipped: int = 0) -> list[int]:
    """Return the weights of `count` ranks under Zipf's law with exponent 1.25, the first `skipped` ranks left out."""
    ranks = range(skipped + 1, skipped + count + 1)
    # Square roots are exact to the last bit everywhere; a general power is not.
    return [int(1e12 / (rank * sqrt(sqrt(rank)))) for rank in ranks]


def as_integers(values: Sequence[int]) -> Integers:
    """Return whole numbers as an array of 64-bit integers."""
    return np.array(values, dtype=np.int64)
