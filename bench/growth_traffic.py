"""What growth is measured with: files of one size, and pairs that are stored before the first of them.

Every file has as many rows and pairs, chosen at random (from a seed) of the pairs of the site. There are 25 files a
month, one a day, and each month has the same pairs and figures on the same days. So the files of one month and those of
a later one meet months that are equally full, and ranks that move alike: what differs between them is how much else is
stored.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.setting import SITE
from iotagg.core.contribution import BUCKETS, CHUNK, Name, bucket_of
from iotagg.core.pair_month import PairMonth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.contribution import Chunk

FILES_A_MONTH = 25
STORED = Name(SITE, "0" * 64, "0" * 16)  # what the stored pairs go by
_HEADER = "Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
_PAIRS_OF_A_SOURCE = 50
_FIRST_YEAR = 2022
_STORED_SUMS = {"flows": 9, "dur": 141_273_369, "dur_sq": 2_217_572_421_129_129, "pkt": 938, "pkt_sq": 97_760}


@dataclass(frozen=True, slots=True)
class GrowthTraffic:
    """A site of so many pairs; each file has flows of `pairs` of them, `rows` in all."""

    stored: int
    rows: int = 2_000
    pairs: int = 200

    def write(self, folder: Path, number: int) -> Path:
        """Write the file of this number, from 1 on."""
        month, day = divmod(number - 1, FILES_A_MONTH)
        chance = random.Random(day)  # noqa: S311 (a seeded order, no secret)
        date = f"{day + 1:02}/{month % 12 + 1:02}/{_FIRST_YEAR + month // 12}"
        chosen = [",".join(pair_of(place)) for place in chance.sample(range(self.stored), self.pairs)]
        rows = [
            f"{chosen[row % self.pairs]},{date} {row % 12 + 1:02}:{row % 60:02}:00 AM,"
            f"{chance.randrange(120_000_000)},{chance.randrange(2_000)}\n"
            for row in range(self.rows)
        ]
        file = folder / f"flows-{number:05}.csv"
        file.write_text(_HEADER + "".join(rows), encoding="ascii")
        return file

    def stored_chunks(self) -> Iterator[Chunk]:
        """Yield the pairs that are stored before the first file, a day each of the month before, in the usual cut."""
        buckets: list[list[tuple[str, str]]] = [[] for _ in range(BUCKETS)]
        for place in range(self.stored):
            pair = pair_of(place)
            buckets[bucket_of(*pair)].append(pair)
        for bucket in buckets:
            bucket.sort()
            for begin in range(0, len(bucket), CHUNK):
                yield [_stored(*pair) for pair in bucket[begin : begin + CHUNK]]

    def consolidated(self) -> bytes:
        """Return the same pairs as a consolidated CSV."""
        figures = ",".join(map(str, _STORED_SUMS.values()))
        lines = [
            f"{source},{destination},{figures}\n".encode() for source, destination in map(pair_of, range(self.stored))
        ]
        return b"".join(sorted(lines))


def pair_of(place: int) -> tuple[str, str]:
    """Return the addresses of a pair of the site."""
    source, destination = place // _PAIRS_OF_A_SOURCE, place * 7919 % 0x20000
    return (
        f"10.{source >> 16}.{source >> 8 & 255}.{source & 255}",
        f"198.{18 + (destination >> 16)}.{destination >> 8 & 255}.{destination & 255}",
    )


def _stored(source: str, destination: str) -> PairMonth:
    month = f"{_FIRST_YEAR - 1}-12"
    of_day = {"f15": _STORED_SUMS["flows"], "d15": _STORED_SUMS["dur"], "p15": _STORED_SUMS["pkt"]}
    return PairMonth(source, destination, month, _STORED_SUMS | of_day)
