"""What is kept of a month of traffic, byte by byte: python -m bench.bytes_kept [ROWS] [DAYS].

Two sites send a file a day; they go through summarize, consolidate and the sweep, which removes raw objects that are
counted. Then all that is left is counted by kind: items of the table by the sizes that DynamoDB documents, with the 100
bytes that it charges for each item's index (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"); every
version and delete marker of the bucket. The same files are counted into a database file too. What functions log is not
kept by the engine: it is estimated (`iotagg.costs.coefficients`).
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.setting import consolidate_all, deployed, engine, put, sample_files, show, summarize_all
from iotagg.aws.clients import connect
from iotagg.costs.estimate import Options, Traffic, estimate
from iotagg.costs.prices import read_prices
from iotagg.costs.usage import GB
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.sweep import sweep
from iotagg.parallel import upload_all
from iotagg.pipeline import Request
from iotagg.stores.dynamodb.write_units import item_bytes
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.aws.stack import Stack

SITES = ("paris", "tokyo")
ROWS, DAYS = 30_000, 31
INDEX_BYTES = 100
_PAIR_DAYS = 630
_NO_GRACE_SECONDS = -60.0  # the sweep takes objects that were put this moment for old
_OF_ITEMS = {"P#": "pair-months", "N#": "paths", "SITES": "sites", "PENDING": "pending"}
_OF_OBJECTS = {"contributions/": "contributions", "rejects/": "rejected lines", "incoming/": "raw files"}


@dataclass(slots=True)
class Kept:
    """How many items or objects of a kind there are, and their bytes; `index` is what is charged beside them."""

    count: int = 0
    bytes: int = 0
    index: int = 0

    def add(self, size: int, index: int = 0) -> None:
        """Count one more."""
        self.count += 1
        self.bytes += size
        self.index += index


def count_all(files: Sequence[Path], stack: Stack) -> None:
    """Let a deployment count files, and remove what it has counted."""
    cloud = Cloud.connected(stack, Settings(remove_raw=True))
    for file in files:
        put(cloud, file, file.parent.name)
    states = [outcome.state for outcome in summarize_all(cloud)]
    consolidate_all(cloud)
    swept = sweep(cloud, grace_seconds=_NO_GRACE_SECONDS)
    if len(states) != len(files) or swept.removed != len(files):
        raise RuntimeError(f"not all files were counted and removed: {states}, {swept}")


def kept_in_table(stack: Stack) -> dict[str, Kept]:
    """Return what lies in the table, by kind."""
    kinds: defaultdict[str, Kept] = defaultdict(Kept)
    for page in connect().dynamodb.get_paginator("scan").paginate(TableName=stack.table, ConsistentRead=True):
        for item in page["Items"]:
            kinds[_kind(item)].add(item_bytes(item), INDEX_BYTES)
    return kinds


def _kind(item: Any) -> str:
    partition, sort = item["pk"]["S"], item["sk"]["S"]
    if partition.startswith("F#"):
        return "files" if sort.endswith("#file") else "markers"
    return next((kind for begin, kind in _OF_ITEMS.items() if partition.startswith(begin)), "others")


def kept_in_bucket(stack: Stack) -> dict[str, Kept]:
    """Return what lies in the bucket, by kind: all versions, and delete markers."""
    kinds: defaultdict[str, Kept] = defaultdict(Kept)
    for page in connect().s3.get_paginator("list_object_versions").paginate(Bucket=stack.bucket):
        for version in page.get("Versions", ()):
            kind = next(kind for begin, kind in _OF_OBJECTS.items() if version["Key"].startswith(begin))
            kinds[kind if version["IsLatest"] else f"{kind}, older versions"].add(version["Size"])
        for marker in page.get("DeleteMarkers", ()):
            kinds["delete markers"].add(len(marker["Key"]))  # S3 charges a delete marker's key
    return kinds


def kept_in_database(files: Sequence[Path]) -> Kept:
    """Return what the same files come to in a database file, its log written into it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "iotagg.db"
        for site in SITES:
            of_site = [file for file in files if file.parent.name == site]
            outcomes = list(upload_all(partial(SqliteStore, database), of_site, Request(site), 1, lambda _: None))
            assert all(outcome.state == "counted" for outcome in outcomes), outcomes  # noqa: S101 (a measurement of nothing)
        return Kept(len(files), sum(file.stat().st_size for file in Path(folder).iterdir()))


def _rows(found: dict[str, dict[str, Kept]], raw: int) -> Iterator[tuple[object, ...]]:
    for place, kinds in found.items():
        for kind, kept in sorted(kinds.items(), key=lambda each: -each[1].bytes):
            yield _row(f"{place}: {kind}", kept, raw)
    everything = [kept for kinds in found.values() for kept in kinds.values()]
    total = Kept(*(sum(getattr(kept, what) for kept in everything) for what in ("count", "bytes", "index")))
    yield _row("all that is kept", total, raw)


def _row(what: str, kept: Kept, raw: int) -> tuple[object, ...]:
    charged = kept.bytes + kept.index
    return what, kept.count, kept.bytes, charged, charged / kept.count, f"{charged / raw:.4%}"


def _logs(files: int, rows: int) -> Iterator[tuple[str, float]]:
    # Sweeps are what is logged beside them.
    days = files / len(SITES)
    traffic = Traffic(len(SITES), files / days, files * rows / days, files / days * _PAIR_DAYS)
    for what, options in (("files", Options(sweep_minutes=1e9)), ("files and a sweep every 15 minutes", Options())):
        items = {item.what: item for item in estimate(traffic, options, read_prices())}
        yield what, items["logs, taken in"].quantity * GB


def main() -> None:
    """Measure and print."""
    rows, days = [*map(int, sys.argv[1:]), *(ROWS, DAYS)[len(sys.argv) - 1 :]]
    with engine(), sample_files(days, rows, SITES) as files:
        raw = sum(file.stat().st_size for file in files)
        stack = deployed()
        count_all(files, stack)
        found = {"table": kept_in_table(stack), "bucket": kept_in_bucket(stack)}
        database = kept_in_database(files)
    header = ("kind", "count", "bytes", "bytes charged", "each", "of raw bytes")
    title = f"{len(files)} files of {rows:,} rows, {raw:,} bytes"
    show(f"What is kept of {title}", header, [*_rows(found, raw), _row("one database file instead", database, raw)])
    logged = [(what, int(size), f"{size / raw:.4%}") for what, size in _logs(len(files), rows)]
    show("What functions log in a month of such days (estimated)", ("of", "bytes", "of raw bytes"), logged)


if __name__ == "__main__":
    main()
