"""What is left when files are counted, byte by byte and by kind: in the table, the bucket, and a database file.

Items count by the sizes that DynamoDB documents, with the 100 bytes that it charges for each item's index (Amazon
DynamoDB Developer Guide, "DynamoDB item sizes and formats"); of the bucket every version and delete marker.
`python -m bench storage` shows it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.setting import consolidate_all, put, summarize_all
from iotagg.aws.clients import connect
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.sweep import sweep
from iotagg.stores.dynamodb.table import RANK, RANKED_AT
from iotagg.stores.dynamodb.write_units import item_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from iotagg.aws.stack import Stack

SITES = ("paris", "tokyo")
INDEX_BYTES = 100
ENTRIES = "ranks, in their index"
_NO_GRACE_SECONDS = -60.0  # the sweep takes objects that were put this moment for old
_OF_ITEMS = {"P#": "pair-months", "N#": "paths", "SITES": "sites", "PENDING": "pending"}
_OF_OBJECTS = {"contributions/": "contributions", "rejects/": "rejected lines", "incoming/": "raw files"}
_OF_TABLES = {
    "pair_month": "pair-months",
    "contribution": "contributions",
    "marker": "markers",
    "file": "files",
    "path": "paths",
    "reference": "paths",
    "reject": "rejected lines",
}


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
            if RANKED_AT in item and RANK in item:
                entry = {name: item[name] for name in ("pk", "sk", RANKED_AT, RANK)}
                kinds[ENTRIES].add(item_bytes(entry), INDEX_BYTES)
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


def kept_in_pages(database: Path) -> dict[str, Kept]:
    """Return what lies in a database file, by table: whole pages, with those of indexes."""
    kinds: defaultdict[str, Kept] = defaultdict(Kept)
    with closing(sqlite3.connect(database)) as found:
        found.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tables = dict(found.execute("SELECT name, tbl_name FROM sqlite_schema").fetchall())
        try:
            for name, pages in found.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall():
                kinds[_OF_TABLES.get(tables.get(name, ""), "others")].bytes += pages
        except sqlite3.OperationalError:  # SQLite may be built without it
            kinds["everything"].bytes = database.stat().st_size
        for kind, kept in kinds.items():
            of_kind = [table for table, of in _OF_TABLES.items() if of == kind]
            kept.count = sum(found.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in of_kind)  # noqa: S608 (its own tables)
    return kinds
