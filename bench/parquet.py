"""Pair-days as Parquet, which is how they would be kept for nothing but reading them."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from iotagg.core.metrics import FLOWS_LETTER, METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from iotagg.stores.protocol import Store

PairDayRow = tuple[Any, ...]  # site, source, destination, day, flows, and each metric's sum
_COLUMNS = ("site", "src_ip", "dst_ip", "day", "flows", *(metric.stored for metric in METRICS))
_LETTERS = (FLOWS_LETTER, *(metric.letter for metric in METRICS))


def pair_days_of(store: Store, sites: Iterable[str]) -> list[PairDayRow]:
    """Return all pair-days of a store, sorted."""
    return sorted(
        (
            site,
            row.source,
            row.destination,
            f"{row.month}-{day:02}",
            *(row.sums.get(f"{letter}{day:02}", 0) for letter in _LETTERS),
        )
        for site in sites
        for row in store.scan(site)
        for day in range(1, 32)
        if row.sums.get(f"{FLOWS_LETTER}{day:02}")
    )


def parquet_bytes(rows: Sequence[PairDayRow], folder: Path) -> dict[str, int]:
    """Return what pair-days come to as one file, and as a file for each day and site; nothing without pyarrow."""
    if importlib.util.find_spec("pyarrow") is None or not rows:
        return {}
    daily: dict[tuple[Any, Any], list[PairDayRow]] = {}
    for row in rows:
        daily.setdefault((row[0], row[3]), []).append(row)
    return {
        "one file": _written(rows, folder),
        "a file for each site and day": sum(_written(each, folder) for each in daily.values()),
    }


def _written(rows: Sequence[PairDayRow], folder: Path) -> int:
    # By name, as it is installed with an extra of the bench alone.
    pa: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")

    columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table({**columns, "day": pa.array(columns["day"]).cast(pa.date32())})
    file = folder / "pair-days.parquet"
    parquet.write_table(table, file, compression="zstd")
    return file.stat().st_size
