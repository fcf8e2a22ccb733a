"""Small flow CSVs, written by hand."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import TYPE_CHECKING

from iotagg.core.contribution import Contribution, cut
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import read_flows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Store

HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
TORN = b"192.168.1.7,192.0.2.1,2022-12-01\n"

Row = tuple[str, str, str, dict[str, int]]


def flow(
    source: str = "192.168.1.7",
    destination: str = "192.0.2.1",
    day: str = "2022-12-01",
    duration: int = 1_000,
    packets: int = 1,
) -> bytes:
    """Return one row."""
    return f"{source},{destination},{day} 10:00:00,{duration},{packets}\n".encode()


def csv(*rows: bytes) -> bytes:
    """Return a flow CSV of some rows."""
    return HEADER + b"".join(rows)


def many_pairs(pairs: int, packets: int = 1, day: str = "2022-12-01") -> bytes:
    """Return a flow CSV with one flow for each of so many pairs."""
    return csv(*(flow(f"192.168.{n // 250}.{n % 250}", packets=packets + n, day=day) for n in range(pairs)))


def contribution(content: bytes, site: str = "paris", reading: ReadingOptions | None = None) -> Contribution:
    """Return what a flow CSV adds."""
    reading = reading or ReadingOptions()
    return cut(read_flows(BytesIO(content), reading), site, reading)


def put(file: Path, content: bytes) -> Path:
    """Write a file, compressed if its name says so."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    return file


def shown(rows: Iterable[PairMonth]) -> list[Row]:
    """Return pair-months as they compare: an attribute that is 0 says no more than one that is absent."""
    return [
        (row.source, row.destination, row.month, {name: value for name, value in sorted(row.sums.items()) if value})
        for row in rows
    ]


def everything(store: Store) -> dict[str, list[Row]]:
    """Return all sums of a store, by site; sites without any are left out."""
    return {site: rows for site in store.sites() if (rows := shown(store.scan(site)))}
