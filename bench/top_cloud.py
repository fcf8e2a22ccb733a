"""What the largest cost on a stack: requests and read units, over a table that holds what a database does.

The engine of the other parts sorts all of an index for each page of it, and keeps some 10 KB for an item: so what the
store asks is answered here as DynamoDB documents it, out of the database; what is asked about files and sites, by the
DynamoDB of the tests.
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from bench.options import Disagreement
from bench.setting import REGION, SITE
from bench.top_questions import QUESTIONS
from bench.top_traffic import MONTH
from iotagg.aws.provision import provision_store
from iotagg.core.pair_month import parsed
from iotagg.stores.dynamodb.pair_items import key_of, pair_of
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import RANK, RANKED_AT, RANKS_INDEX, ranks_key
from iotagg.stores.dynamodb.write_units import item_bytes
from iotagg.top import top
from tests.simulation.services.clients import simulated_clients
from tests.simulation.services.clock import Clock
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.top_sorted import Told

ASKED = ("pairs by duration", "pairs by growth", "pairs by packets")
_PAGE_BYTES = 1 << 20  # Amazon DynamoDB Developer Guide, "Paginating table query results"
_UNIT_BYTES = 4096


class _Table:
    # Answers what is asked of pair-months and their index, and counts what that is charged as.
    def __init__(self, connection: sqlite3.Connection) -> None:
        clock = Clock()
        self._others: Any = {"dynamodb": SimulatedDynamoDB(clock), "s3": SimulatedS3(clock, str)}
        self._connection = connection
        self._index = cache(self._rows)
        self.requests = 0
        self.units = 0.0

    def call(self, service: str, operation: str, request: dict[str, Any]) -> Any:
        self.requests += 1
        if "IndexName" in request:
            return self._query(request)
        if operation == "BatchGetItem":
            return self._batch(request)
        self.units += operation in {"GetItem", "Query"}  # what is asked about files and sites: there is next to nothing
        return self._others[service].call(operation, request)

    def _rows(self, at: str) -> list[tuple[str, str, str]]:
        query = (
            "SELECT text, source, destination, month FROM rank JOIN rank_month USING (place)"
            " WHERE site || '#' || month = ?"
        )
        rows = []
        for text, source, destination, month in self._connection.execute(query, (at,)):
            key = key_of(SITE, source, destination, month)
            rows.append((text, key["pk"]["S"], key["sk"]["S"]))
        return sorted(rows)

    def _query(self, request: dict[str, Any]) -> Any:
        at, flags = (request["ExpressionAttributeValues"][name]["S"] for name in (":at", ":flags"))
        rows = self._index(at)
        start = request.get("ExclusiveStartKey")
        end = bisect_left(rows, tuple(start[name]["S"] for name in (RANK, "pk", "sk")) if start else (f"{flags}~",))
        items, size = [], 0
        for place in range(end - 1, bisect_left(rows, (flags,)) - 1, -1):
            names = dict(zip((RANK, "pk", "sk"), rows[place], strict=True))
            item = {RANKED_AT: {"S": at}} | {name: {"S": value} for name, value in names.items()}
            items.append(item)
            size += item_bytes(item)
            if len(items) == request.get("Limit") or size > _PAGE_BYTES:
                break
        else:
            place = 0
        self.units += max(1, -(-size // _UNIT_BYTES)) / 2  # an index is read eventually consistently
        return {"Items": items} | ({"LastEvaluatedKey": items[-1]} if place else {})

    def _batch(self, request: dict[str, Any]) -> Any:
        ((table, asked),) = request["RequestItems"].items()
        found = [item for key in asked["Keys"] if (item := self._item(key)) is not None]
        self.units += sum(-(-item_bytes(item) // _UNIT_BYTES) for item in found) + len(asked["Keys"]) - len(found)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _item(self, key: dict[str, Any]) -> dict[str, Any] | None:
        source, destination, month = pair_of(key)
        query = (
            "SELECT sums, text FROM pair_month JOIN rank_month USING (site, month)"
            " JOIN rank USING (place, source, destination)"
            " WHERE site = ? AND source = ? AND destination = ? AND month = ?"
        )
        found = self._connection.execute(query, (SITE, source, destination, month)).fetchone()
        if found is None:
            return None
        sums = {name: {"N": str(value)} for name, value in parsed(found[0]).items()}
        return key | {RANKED_AT: {"S": ranks_key(SITE, month)}, RANK: {"S": found[1]}} | sums


def asked_of_a_table(database: Path, told: dict[str, Told], asked: Iterable[str] = ASKED) -> list[dict[str, Any]]:
    """Ask what a database holds as a table; return requests, read units and processor time of each answer.

    Raises Disagreement where an answer is not that of a full sort.
    """
    with closing(sqlite3.connect(database)) as connection:
        table = _Table(connection)
        clients = simulated_clients(table.call)
        bucket = provision_store(clients, "iotagg", region=REGION)
        store = DynamoStore(clients, "iotagg", bucket)
        table.call("dynamodb", "Query", _first_rank())  # the index is there before anybody asks
        found = []
        for what in asked:
            table.requests, table.units, began = 0, 0.0, time.process_time()
            answer = top(store, replace(QUESTIONS[what], site=SITE))
            if [[each.source, each.destination, str(each.value)] for each in answer.entries] != told[what]:
                raise Disagreement(f"{what}, of a table: not what a full sort finds")
            cpu = time.process_time() - began
            found.append({"table": what, "requests": table.requests, "units": table.units, "cpu": cpu})
        return found


def _first_rank() -> dict[str, Any]:
    values = {":at": {"S": ranks_key(SITE, MONTH)}, ":flags": {"S": "0"}}
    return {"IndexName": RANKS_INDEX, "ExpressionAttributeValues": values, "Limit": 1}
