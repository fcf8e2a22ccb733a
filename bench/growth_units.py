"""Write units for a pair-month, by how many a file has: counted from what its requests write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.file_requests import CONSOLIDATE, Till
from bench.growth_traffic import GrowthTraffic
from bench.setting import SITE
from iotagg.sample import SampleOptions, write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAMPLE_ROWS = 30_000
_FULL_CHUNKS = 16 * 96


def units_of_pair_months(folder: Path, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the write units of a file of a sample, and of one whose chunks are about full."""
    rows = 300 if quick else _SAMPLE_ROWS
    sample = list(write_sample(folder, SampleOptions(days=2, rows=rows, sites=(SITE,))))
    many = 50 if quick else _FULL_CHUNKS
    large = [GrowthTraffic(10 * many, 10 * many, many).write(folder, number) for number in (1, 2)]
    for what, files in ((f"a sample's, {rows:,} rows", sample), (f"{many:,} pairs", large)):
        *_, found = Till().costs(files)
        if found.head is None:
            raise RuntimeError(f"{what}: the file was not counted, nothing is measured")
        yield {
            "file": what,
            "pair_months": found.head.pair_months,
            "chunks": found.head.chunks,
            "transactions": found.write_units[CONSOLIDATE, "dynamodb.TransactWriteItems"],
            "write_units": found.write_units.total(),
        }
