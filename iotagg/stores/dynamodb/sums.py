"""The sums in the table: chunks applied, each in one transaction, and pair-months read back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.core.moments import checked
from iotagg.core.pair_month import PairMonth
from iotagg.errors import CloudBusy, CloudError
from iotagg.stores.dynamodb.pair_items import not_empty, pair_month_key, pair_month_of
from iotagg.stores.dynamodb.table import marker_key, month_key, pair_key
from iotagg.stores.dynamodb.transaction import (
    CONDITION_FAILED,
    CONFLICT,
    INVALID,
    MARKER,
    PASSING_REASONS,
    Step,
    chunk_transaction,
    least_write_units,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.meter import Meter
    from iotagg.aws.patience import Patience
    from iotagg.core.contribution import Chunk, Name
    from iotagg.stores.dynamodb.floor import Floor

_CANCELLED = "TransactionCanceledException"
_INVALID_REQUEST = "ValidationException"
_READ_TOGETHER = 100  # the most items of one BatchGetItem


class MarkerElsewhereError(Exception):
    """A chunk's marker does not stand at the revision that was expected, but at another one (0: there is none)."""

    def __init__(self, revision: int) -> None:
        super().__init__(revision)
        self.revision = revision


class Sums:
    """The pair-months of one table and the markers beside them."""

    def __init__(self, client: DynamoDBClient, table: str, meter: Meter, patience: Patience, floor: Floor) -> None:
        self._client = client
        self._table = table
        self._floor = floor
        self._meter = meter
        self._patience = patience

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        """Bring a chunk to a revision, as the protocol of stores says."""
        first_month = self._floor.first_month()
        chunk = [row for row in chunk if row.month >= first_month]
        for row in chunk:
            row.check()
        standing = revision - 1  # as it nearly always is; where not, the marker's own condition tells
        while standing < revision:
            step = Step(name, number, chunk, standing, revision, self._floor.expiry)
            items = chunk_transaction(self._table, step)
            try:
                with explained(f"table {self._table}"):
                    self._patience.spent_on(partial(self._write, items, step), self._tried_again)
            except MarkerElsewhereError as found:
                standing = found.revision
                continue
            except _InvalidSumError as error:
                with explained(f"table {self._table}"):
                    self._refuse_too_large(name.site, items, chunk)
                raise CloudError(f"table {self._table} refuses chunk {number} of {name}: {error}") from None
            return True
        return False

    def _tried_again(self) -> None:
        self._meter.add("transactions_tried_again")

    def _write(self, items: Sequence[dict[str, Any]], step: Step) -> None:
        try:
            reply = self._client.transact_write_items(TransactItems=items, ReturnConsumedCapacity="TOTAL")  # type: ignore[arg-type]  # built by hand
        except ClientError as error:
            if code_of(error) == _INVALID_REQUEST:
                raise _InvalidSumError(error.response["Error"].get("Message", "")) from None
            if code_of(error) != _CANCELLED:
                raise
            self._cancelled(error.response.get("CancellationReasons", []), step)
            raise
        self._meter.add("transactions")
        consumed = reply.get("ConsumedCapacity") or ()
        if consumed:
            self._meter.add("write_units", sum(each["CapacityUnits"] for each in consumed))
        else:
            self._meter.add("write_units_at_least", least_write_units(items))

    def _cancelled(self, reasons: Any, step: Step) -> None:
        # Each item has its reason, `None` where it was not the cause.
        codes = {reason["Code"] for reason in reasons}
        if reasons and reasons[MARKER]["Code"] == CONDITION_FAILED:
            raise MarkerElsewhereError(self._standing(reasons[MARKER].get("Item"), step))
        if codes & PASSING_REASONS:
            self._meter.add("conflicts" if CONFLICT in codes else "throttled")
            what = "others write the same pairs" if CONFLICT in codes else "it is asked too much at once"
            raise CloudBusy(f"table {self._table}: {what}, and it lasted; try later")
        if INVALID in codes:
            raise _InvalidSumError(next(reason.get("Message", "") for reason in reasons if reason["Code"] == INVALID))

    def _standing(self, item: Any, step: Step) -> int:
        if item is None:
            item = self._marker(step)  # there is none, or the engine does not send it along
        return int(item["revision"]["N"]) if item else 0

    def _marker(self, step: Step) -> Any:
        partition, place = marker_key(step.name, step.number)
        key: Any = {"pk": {"S": partition}, "sk": {"S": place}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def _refuse_too_large(self, site: str, items: Sequence[dict[str, Any]], chunk: Chunk) -> None:
        # DynamoDB says that a number is invalid, but not which one.
        standing = {(row.source, row.destination, row.month): row.sums for row in self._read(site, chunk)}
        additions = [item["Update"]["ExpressionAttributeValues"] for item in items if "Update" in item]
        for row, added in zip(chunk, additions, strict=False):
            sums = standing.get((row.source, row.destination, row.month), {})
            for attribute, value in added.items():
                what = f"the sum '{attribute[1:]}' of the traffic from {row.source} to {row.destination} in {row.month}"
                checked(sums.get(attribute[1:], 0) + int(value["N"]), what)

    def _read(self, site: str, chunk: Chunk) -> Iterator[PairMonth]:
        keys: Any = [pair_month_key(site, row) for row in chunk[:_READ_TOGETHER]]
        while keys:
            reply: Any = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            yield from map(pair_month_of, reply["Responses"][self._table])
            keys = reply.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys")

    def months(self, site: str, source: str, destination: str, first: str, last: str) -> Iterator[PairMonth]:
        """Yield a pair's months that hold flows, oldest first."""
        first = max(first, self._floor.first_month())
        if first > last:
            return  # DynamoDB takes such a range for a mistake
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pair AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pair": {"S": pair_key(site, source)},
                ":first": {"S": month_key(destination, first)},
                ":last": {"S": month_key(destination, last)},
            },
        )
        with explained(f"table {self._table}"):
            for page in pages:
                yield from not_empty(page["Items"])

    def scan(self, site: str, after: tuple[str, str]) -> Iterator[PairMonth]:
        """Yield a site's pair-months that hold flows, of pairs after one, sorted by source, destination and month.

        The whole table is read, in the order of its partitions; a temporary file puts the rows into theirs.
        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="begins_with(pk, :site)",
            ExpressionAttributeValues={":site": {"S": pair_key(site, "")}},
        )
        first_month = self._floor.first_month()
        with explained(f"table {self._table}"):
            rows = (row for page in pages for row in not_empty(page["Items"]))
            kept = (row for row in rows if row.month >= first_month)
            yield from _sorted(row for row in kept if (row.source, row.destination) > after)


class _InvalidSumError(Exception):
    # DynamoDB refuses what a number became, or would become.
    pass


def _sorted(rows: Iterator[PairMonth]) -> Iterator[PairMonth]:
    # SQLite sorts in a file of its own that goes away with it, in bounded memory.
    with closing(sqlite3.connect("")) as disk:
        disk.execute("CREATE TABLE row (source TEXT, destination TEXT, month TEXT, sums TEXT)")
        values = ((row.source, row.destination, row.month, json.dumps(row.sums)) for row in rows)
        disk.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", values)
        found = disk.execute("SELECT * FROM row ORDER BY source, destination, month")
        for source, destination, month, sums in found:
            yield PairMonth(source, destination, month, json.loads(sums))
