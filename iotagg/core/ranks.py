"""The rank of a pair's month: what is kept beside its sums, so that the largest and the odd are found without a scan.

A rank only says where to look. It tells the size of each measure as a class by factor 8, and two flags: whoever finds a
candidate by it reads the exact sums again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal

from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.moments import MAX_SUM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from iotagg.core.pair_month import PairMonth

Side = Literal["source", "destination"]  # of a pair, on which a device is
Beginnings = tuple[str, str]  # what the texts of a pair's source and destination begin with; empty where any may
SIDES: tuple[Side, Side] = ("source", "destination")
PACE = "us-per-packet"
MEASURES = (*(metric.role for metric in METRICS), FLOWS, PACE)
# A month of fewer packets has no size of µs per packet: next to nothing divided by next to nothing is often the largest
# of all, and who asks for the slowest would go through all of those first. It is where a class of packets begins.
PACE_PACKETS = 64
LETTERS = (*(metric.letter for metric in METRICS), FLOWS_LETTER, "u")

# Three bits to a class: a third of the writes that one bit takes while a month grows, for somewhat more reads.
_BITS = 3
_PACKETS = next(metric.stored for metric in METRICS if metric.role == "packets")
_TEXT = re.compile(r"([01])([01])\.((?:[a-z][0-9]{2})*)")
_NEW = "n"
_PART = re.compile(r"([a-z])([0-9]{2})")


def size_of(total: int) -> int:
    """Return the class of a total: 0 of 0, else s for the totals from 8^(s-1) to 8^s - 1."""
    return (total.bit_length() + _BITS - 1) // _BITS


def bounds(size: int) -> tuple[int, int]:
    """Return the smallest and the largest total of a class."""
    return (1 << _BITS * (size - 1), (1 << _BITS * size) - 1) if size else (0, 0)


def totals_of(month: PairMonth) -> tuple[int, ...]:
    """Return a month's total of each of MEASURES, in whole units; of few packets there are no µs per packet."""
    sums = month.sums
    metrics = [sums.get(metric.stored, 0) for metric in METRICS]
    packets = sums.get(_PACKETS, 0)
    return (*metrics, sums.get(FLOWS, 0), metrics[0] // packets if packets >= PACE_PACKETS else 0)


@dataclass(frozen=True, slots=True)
class Rank:
    """Whether a day of the month stands out, whether the pair is steady, and the size of each of MEASURES.

    `new` is the day of the month (1 to 31) on which the pair was met again, or first, after a whole window without it;
    0 where there is none. Its text is such that texts sort by the flags, and then by the size of the first measure.
    """

    stands_out: bool
    steady: bool
    sizes: tuple[int, ...]
    new: int = 0

    @property
    def flags(self) -> tuple[bool, bool, int]:
        """What depends on other months than its own."""
        return self.stands_out, self.steady, self.new

    def size(self, measure: str) -> int:
        """Return the size of a measure."""
        return self.sizes[MEASURES.index(measure)]

    def __str__(self) -> str:
        sizes = "".join(f"{letter}{size:02}" for letter, size in zip(LETTERS, self.sizes, strict=True))
        return f"{flags_text(self.stands_out, self.steady)}{sizes}{_NEW}{self.new:02}"

    @classmethod
    def parse(cls, text: str) -> Rank:
        """Return the rank that str() gave, also before a measure came or went.

        Of what is no rank's text it is one that nobody passes by: to look at the sums once more harms nothing.
        """
        return _parsed(text)


@lru_cache(maxsize=4096)  # of a million pairs' months, a few hundred differ
def _parsed(text: str) -> Rank:
    found = _TEXT.fullmatch(text)
    if found is None:
        return Rank(stands_out=True, steady=True, sizes=(size_of(MAX_SUM),) * len(LETTERS))
    sizes = dict(_PART.findall(found[3]))
    classes = tuple(int(sizes.get(letter, 0)) for letter in LETTERS)
    return Rank(found[1] == "1", found[2] == "1", classes, int(sizes.get(_NEW, 0)))


def rank_of(month: PairMonth, stands_out: bool, steady: bool, new: int = 0) -> Rank:
    """Return the rank that a month's sums have."""
    return Rank(stands_out, steady, tuple(map(size_of, totals_of(month))), new)


def flags_text(stands_out: bool, steady: bool) -> str:
    """Return what the text of every rank with these flags begins with, and no other's."""
    return f"{stands_out:d}{steady:d}."


def flags_wanted(stands_out: bool | None, steady: bool | None) -> list[tuple[bool, bool]]:
    """Return the flags that a filter lets through: each of the two as given, or either where it is None."""
    return list(product(_flags_wanted(stands_out), _flags_wanted(steady)))


def _flags_wanted(flag: bool | None) -> tuple[bool, ...]:
    return (True, False) if flag is None else (flag,)


def sizes_by_device(
    ranks: Iterable[tuple[str, str, Rank]], side: Side, measure: str
) -> Iterator[tuple[str, dict[int, int]]]:
    """Yield each device on that side of ranked pairs, and how many of its pairs have which size of a measure."""
    place = MEASURES.index(measure)
    counted: dict[str, dict[int, int]] = {}
    for source, destination, rank in ranks:
        sizes = counted.setdefault(source if side == "source" else destination, {})
        size = rank.sizes[place]
        sizes[size] = sizes.get(size, 0) + 1
    return iter(counted.items())


def beginning_with(ranks: Iterable[tuple[str, str, Rank]], beginnings: Beginnings) -> Iterator[tuple[str, str, Rank]]:
    """Yield the ranks of pairs whose addresses begin so."""
    source, destination = beginnings
    if source or destination:
        ranks = (each for each in ranks if each[0].startswith(source) and each[1].startswith(destination))
    return iter(ranks)


def of_devices(
    ranks: Iterable[tuple[str, str, Rank]], side: Side, devices: Collection[str]
) -> Iterator[tuple[str, str, Rank]]:
    """Yield the ranks of pairs that have one of these devices on that side."""
    return (found for found in ranks if found[SIDES.index(side)] in devices)
