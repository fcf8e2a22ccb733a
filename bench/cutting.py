"""What comes after reading, in processor time: cutting what a file adds, and counting that into a database.

Files of a day come one after the other, all with the same pairs, so that from the second on each pair's month stands
already and grows. Printed are, for the first file and for some of those after it, the milliseconds for cutting it, for
counting it into SQLite and for counting it into memory, the best of some rounds. Then the ways to pack the same chunks:
zlib's levels and strategies, in time and bytes.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
import zlib
from io import BytesIO
from pathlib import Path

from bench.setting import SITE, show
from iotagg.core.contribution import cut
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import FileTotals
from iotagg.core.judge import LineCounts
from iotagg.core.rejects import RejectLog
from iotagg.pipeline import Request, Summary, count
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore

PAIRS = 5_000
DAYS = 28
_AFTER = (1, 2, 7, 14, DAYS)
_OPTIONS = ReadingOptions()
_ROUNDS = 3
_GZIP = 16 + zlib.MAX_WBITS
_WAYS = {
    "level 6": (6, zlib.Z_DEFAULT_STRATEGY),
    "level 4": (4, zlib.Z_DEFAULT_STRATEGY),
    "level 3": (3, zlib.Z_DEFAULT_STRATEGY),
    "level 1": (1, zlib.Z_DEFAULT_STRATEGY),
    "level 6, filtered": (6, zlib.Z_FILTERED),
    "level 4, filtered: iotagg": (4, zlib.Z_FILTERED),
}


def totals(day: int, pairs: int) -> FileTotals:
    """Return what a day's file of so many pairs says, with figures of a usual size."""
    chance = random.Random(day)  # noqa: S311 (figures to measure with, no secret)
    days = {}
    for pair in range(pairs):
        flows, duration, packets = chance.randint(1, 99), chance.randint(10**6, 10**10), chance.randint(1, 9_999)
        key = (f"192.168.{pair % 100}.{pair // 100 % 250}", f"203.0.113.{pair % 250}", f"2022-12-{day:02}")
        days[key] = [flows, duration, duration**2 // flows + 1, packets, packets**2 // flows + 1]
    counts = LineCounts(headers=1, counted=sum(figures[0] for figures in days.values()))
    return FileTotals(f"{day:064}", 1, counts, "dmy", days, RejectLog(BytesIO), {})


def counted(store: SqliteStore | MemoryStore, day: int, pairs: int) -> tuple[float, float]:
    """Cut a day's file and count it; return the processor time of both, in milliseconds."""
    read = totals(day, pairs)
    gc.collect()
    begin = time.process_time()
    contribution = cut(read, SITE, _OPTIONS)
    then = time.process_time()
    with store.atomically():
        outcome = count(store, f"{day}.csv", Summary(contribution, read.lines, read.rejects, {}, {}), Request(SITE))
    if outcome is None or outcome.state != "counted":
        raise RuntimeError(f"not counted: {outcome}")
    return (then - begin) * 1000, (time.process_time() - then) * 1000


def growth(pairs: int) -> list[tuple[object, ...]]:
    """Return what files cost after others: their place, cutting, SQLite, memory."""
    spent: dict[int, list[tuple[float, float, float]]] = {day: [] for day in range(1, DAYS + 1)}
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            database, memory = SqliteStore(Path(folder) / "store.db"), MemoryStore()
            for day, figures in spent.items():
                cutting, kept = counted(database, day, pairs)
                figures.append((cutting, kept, counted(memory, day, pairs)[1]))
            database.close()
    return [(day, *map(min, zip(*spent[day], strict=True))) for day in _AFTER]


def packing(pairs: int) -> list[tuple[object, ...]]:
    """Return what each way to pack a file's chunks costs: milliseconds, and bytes, with their ratio to the first."""
    texts = [zlib.decompress(member, _GZIP) for member in cut(totals(1, pairs), SITE, _OPTIONS).members]
    spent: dict[str, list[float]] = {way: [] for way in _WAYS}
    sizes = {}
    for _ in range(_ROUNDS):
        for way, (level, strategy) in _WAYS.items():
            begin = time.process_time()
            sizes[way] = sum(len(_packed(text, level, strategy)) for text in texts)
            spent[way].append((time.process_time() - begin) * 1000)
    first = next(iter(_WAYS))
    return [(way, min(each), sizes[way], sizes[way] / sizes[first]) for way, each in spent.items()]


def _packed(text: bytes, level: int, strategy: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, strategy)
    return compressor.compress(text) + compressor.flush()


def main() -> None:
    """Measure and print; an argument is the number of pairs of a file."""
    pairs = int(sys.argv[1]) if sys.argv[1:] else PAIRS
    header = ("file of the month", "cut: CPU ms", "into SQLite", "into memory")
    show(f"a file of {pairs:,} pairs, each day of a month", header, growth(pairs))
    show("packing its chunks", ("way", "CPU ms", "bytes", "ratio"), packing(pairs))


if __name__ == "__main__":
    main()
