"""What the largest cost on a stack: requests and read units, over a table that its own code has ranked.

The engine that stands in for AWS elsewhere sorts all of an index for each page of it, and keeps some 10 KB for an item.
So this is the DynamoDB of the tests, in process, with its pair-months on a disk. Their sums are put there as they are
stored; each rank is put by the store, as its workers put it. With a million pairs that takes a quarter of an hour of a
processor, and the answers half an hour: most of it in this engine, which looks through a whole index for each page.
"""

from __future__ import annotations

import marshal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.options import Disagreement
from bench.setting import REGION, SITE
from bench.top_questions import QUESTIONS
from iotagg.aws.provision import provision_store
from iotagg.core.pair_month import PairMonth, parsed
from iotagg.core.ranks import rank_of
from iotagg.stores.dynamodb.pair_items import key_of
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import PAIRS
from iotagg.stores.dynamodb.write_units import item_bytes
from iotagg.top import top
from tests.simulation.services.clients import simulated_clients
from tests.simulation.services.clock import Clock
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3
from tests.simulation.services.tables import Index, Partition, Stored, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.top_sorted import Told

_TABLE = "iotagg"
_TOGETHER = 10_000


class _SortedLater(Index):
    # A million places are sorted once, before they are first looked at.
    def __init__(self, keys: tuple[str, str]) -> None:
        super().__init__(*keys)
        self._is_sorted = True

    def change(self, old: Stored | None, new: Stored | None) -> None:
        place = self._place(new)
        if self._place(old) is None and place is not None:
            self._rows.setdefault(place[0], []).append(place[1])
            self._is_sorted = False
            return
        self._sort()
        super().change(old, new)

    def rows(self, partition: str) -> list[tuple[str, str, str]]:
        self._sort()
        return super().rows(partition)

    def _sort(self) -> None:
        if not self._is_sorted:
            for rows in self._rows.values():
                rows.sort()
            self._is_sorted = True


class _OnDisk(Table):
    # Pair-months lie on a disk, all else in memory.
    def __init__(self, table: Table, file: Path) -> None:
        super().__init__(table.name, table.created)
        self.indexes = {name: _SortedLater(index.keys) for name, index in table.indexes.items()}
        self._disk = sqlite3.connect(file)
        self._disk.execute("PRAGMA synchronous = OFF")
        self._disk.execute("PRAGMA cache_size = -500000")
        self._disk.execute("CREATE TABLE item (pk TEXT, sk TEXT, stored BLOB, PRIMARY KEY (pk, sk)) WITHOUT ROWID")

    def fill(self, items: Iterable[dict[str, Any]]) -> None:
        """Put items that have no ranks."""
        waiting = iter(items)
        while together := list(islice(waiting, _TOGETHER)):
            rows = [(item["pk"]["S"], item["sk"]["S"], marshal.dumps((item, item_bytes(item)))) for item in together]
            self._disk.executemany("INSERT INTO item VALUES (?, ?, ?)", rows)

    def get(self, partition: str, sort: str) -> Stored | None:
        if not partition.startswith(PAIRS):
            return super().get(partition, sort)
        row = self._disk.execute("SELECT stored FROM item WHERE pk = ? AND sk = ?", (partition, sort)).fetchone()
        return None if row is None else Stored(*marshal.loads(row[0]))  # noqa: S302 (it was written above)

    def put(self, partition: str, sort: str, stored: Stored) -> None:
        if not partition.startswith(PAIRS):
            super().put(partition, sort, stored)
            return
        old = self.get(partition, sort)
        self._disk.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", (partition, sort, marshal.dumps((*stored,))))
        for index in self.indexes.values():
            index.change(old, stored)

    def partition(self, key: str) -> Partition:
        if not key.startswith(PAIRS):
            return super().partition(key)
        rows = self._disk.execute("SELECT sk, stored FROM item WHERE pk = ? ORDER BY sk", (key,))
        items = {sort: Stored(*marshal.loads(stored)) for sort, stored in rows}  # noqa: S302 (as above)
        return Partition(items, list(items))

    def close(self) -> None:
        self._disk.close()


class _Charged:
    # The services, with requests to the table counted, and what they are charged as.
    def __init__(self) -> None:
        clock = Clock()
        self.database = SimulatedDynamoDB(clock)
        self._services: Any = {"dynamodb": self.database, "s3": SimulatedS3(clock, str)}
        self.requests = 0
        self.units = 0.0

    def call(self, service: str, operation: str, request: dict[str, Any]) -> Any:
        if service == "dynamodb" and operation in {"Query", "GetItem", "BatchGetItem"}:
            request = {**request, "ReturnConsumedCapacity": "TOTAL"}
        answer = self._services[service].call(operation, request)
        charged = answer.get("ConsumedCapacity", ()) if service == "dynamodb" else ()
        self.requests += service == "dynamodb"
        for each in [charged] if isinstance(charged, dict) else charged:
            # An index is read eventually consistently, at half the price.
            self.units += each["CapacityUnits"] / (2 if "IndexName" in request else 1)
        return answer


def asked_of_a_table(database: Path, told: dict[str, Told], asked: Iterable[str] = QUESTIONS) -> list[dict[str, Any]]:
    """Put what a database holds into a table, and ask; return requests, read units and processor time of each answer.

    First, how many ranks were put, and in which time. Raises Disagreement where an answer is not that of a full sort.
    """
    with TemporaryDirectory(dir=database.parent) as folder:
        charged = _Charged()
        clients = simulated_clients(charged.call)
        bucket = provision_store(clients, _TABLE, region=REGION)
        table = _OnDisk(charged.database.tables[_TABLE], Path(folder, "items.db"))
        charged.database.tables[_TABLE] = table
        with closing(table), closing(sqlite3.connect(database)) as connection:
            store = DynamoStore(clients, _TABLE, bucket)
            store.refuse(SITE, "known.csv", None)
            table.fill(map(_item, _rows(connection)))
            found = [_ranked(store, charged, _rows(connection))]
            list(islice(store.ranks(SITE, "2022-12"), 1))  # the index is there before anybody asks
            return found + [_asked(store, charged, what, told[what]) for what in asked]


def _rows(connection: sqlite3.Connection) -> Iterator[PairMonth]:
    query = "SELECT source, destination, month, sums FROM pair_month ORDER BY source, destination, month"
    rows = connection.execute(query)
    return (PairMonth(source, destination, month, None, sums) for source, destination, month, sums in rows)


def _item(row: PairMonth) -> dict[str, Any]:
    sums = {name: {"N": str(value)} for name, value in parsed(row.text).items()}
    return key_of(SITE, row.source, row.destination, row.month) | sums


def _ranked(store: DynamoStore, charged: _Charged, rows: Iterable[PairMonth]) -> dict[str, Any]:
    charged.requests, began, ranks = 0, time.process_time(), 0
    for row in rows:
        ranks += store.put_rank(SITE, row, rank_of(row, stands_out=False, steady=False))
    return {"ranked": ranks, "requests": charged.requests, "cpu": time.process_time() - began}


def _asked(store: DynamoStore, charged: _Charged, what: str, expected: Told) -> dict[str, Any]:
    charged.requests, charged.units, began = 0, 0.0, time.process_time()
    answer = top(store, replace(QUESTIONS[what], site=SITE))
    if [[each.source, each.destination, str(each.value)] for each in answer.entries] != expected:
        raise Disagreement(f"{what}, of a table: not what a full sort finds")
    cpu = time.process_time() - began
    return {"table": what, "requests": charged.requests, "units": charged.units, "cpu": cpu}
