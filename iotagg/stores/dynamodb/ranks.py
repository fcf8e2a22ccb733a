"""Ranks, on the items of their pair-months.

A rank lies in two attributes: `at`, which is site and month, and `rank`, its text. The index `ranks` holds the items
that have both, by them: so the largest are read first, and an item is written to it only when its rank changes. What
the index answers may lag behind by a moment (Amazon DynamoDB Developer Guide, "Global secondary indexes").
"""

from __future__ import annotations

import heapq
import sqlite3
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import RUNNING
from iotagg.core.ranks import (
    MEASURES,
    Rank,
    beginning_with,
    flags_text,
    flags_wanted,
    of_devices,
    sizes_by_device,
)
from iotagg.stores.dynamodb.lookups import rank_in
from iotagg.stores.dynamodb.pair_items import pair_month_key, pair_of
from iotagg.stores.dynamodb.table import RANK, RANKED_AT, RANKS_INDEX, ranks_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.meter import Meter
    from iotagg.aws.patience import Patience
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Beginnings, Side
    from iotagg.stores.dynamodb.floor import Floor

_CONDITION_FAILED = "ConditionalCheckFailedException"
_PAGE = 250  # who asks for the first ten pays for no more than these; who wants all of them takes 1 MB a page
_NAMES = {"#at": RANKED_AT, "#rank": RANK}  # both are reserved words
_Found = tuple[str, str, Rank]


class Ranks:
    """The ranks of one table, as the protocol of stores says. Methods raise CloudError."""

    def __init__(self, client: DynamoDBClient, table: str, meter: Meter, patience: Patience, floor: Floor) -> None:
        self._client = client
        self._table = table
        self._meter = meter
        self._patience = patience
        self._floor = floor

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        condition, values = _sums_are(month)
        change = "REMOVE #at, #rank"
        if rank is not None and month.sums.get(FLOWS):
            change = "SET #at = :at, #rank = :rank"
            values |= {":at": {"S": ranks_key(site, month.month)}, ":rank": {"S": str(rank)}}
        key: Any = pair_month_key(site, month)

        def write() -> None:
            reply = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=values,
                ReturnConsumedCapacity="TOTAL",
            )
            self._meter.add("rank_writes")
            self._meter.add("rank_write_units", reply.get("ConsumedCapacity", {}).get("CapacityUnits", 0))

        return self._written(write) or (not month.sums.get(FLOWS) and self._is_missing(key))

    def _written(self, write: Callable[[], None]) -> bool:
        with explained(f"table {self._table}"):
            try:
                self._patience.spent_on(write, lambda: self._meter.add("writes_tried_again"))
            except ClientError as error:
                if code_of(error) == _CONDITION_FAILED:
                    return False
                raise
        return True

    def _is_missing(self, key: Any) -> bool:
        with explained(f"table {self._table}"):
            return "Item" not in self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)

    def ranks(
        self,
        site: str,
        month: str,
        measure: str = MEASURES[0],
        *,
        stands_out: bool | None = None,
        steady: bool | None = None,
        beginnings: Beginnings = ("", ""),
    ) -> Iterator[_Found]:
        if month < self._floor.first_month():
            return iter(())
        is_sorted = measure == MEASURES[0]  # as the index is, within the flags
        most = _PAGE if is_sorted else None
        parts = [self._part(site, month, flags_text(*flags), most) for flags in flags_wanted(stands_out, steady)]
        if is_sorted:
            ranks = heapq.merge(*parts, key=lambda found: found[2].size(measure), reverse=True)
            return beginning_with(ranks, beginnings)
        return _sorted(beginning_with(chain.from_iterable(parts), beginnings), measure)

    def _all(self, site: str, month: str) -> Iterator[_Found]:
        if month < self._floor.first_month():
            return iter(())
        return chain.from_iterable(self._part(site, month, flags_text(*flags)) for flags in flags_wanted(None, None))

    def _part(self, site: str, month: str, flags: str, most: int | None = None) -> Iterator[_Found]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=RANKS_INDEX,
            KeyConditionExpression="#at = :at AND begins_with(#rank, :flags)",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={":at": {"S": ranks_key(site, month)}, ":flags": {"S": flags}},
            ScanIndexForward=False,
            PaginationConfig={"PageSize": most} if most is not None else {},
        )
        with explained(f"table {self._table}"):
            for page in pages:
                for item in page["Items"]:
                    rank = rank_in(item)
                    if rank is not None:
                        yield *pair_of(item)[:2], rank

    def device_sizes(
        self, site: str, month: str, side: Side, measure: str = MEASURES[0]
    ) -> Iterator[tuple[str, dict[int, int]]]:
        return sizes_by_device(self._all(site, month), side, measure)

    def device_ranks(
        self, site: str, month: str, side: Side, devices: Collection[str]
    ) -> Iterator[tuple[str, str, Rank]]:
        return of_devices(self._all(site, month), side, devices)

    def devices(self, side: Side) -> None:
        """Return nothing: to keep what devices add up to would take two more write units for each pair-month."""

    def sum_devices(self, site: str) -> None:
        """Nothing to do: no totals of devices are kept."""

    def device_faults(self, site: str) -> list[tuple[Side, str, str]]:  # noqa: ARG002 (as the protocol names it)
        """Return none: no totals of devices are kept."""
        return []

    def doubt_devices(self, site: str) -> None:
        """Nothing to do: no totals of devices are kept."""


def _sums_are(month: PairMonth) -> tuple[str, dict[str, Any]]:
    # With all running sums and all days that have any as they were, no other day can have come.
    figures = {name: value for name, value in month.sums.items() if value}
    parts = [f"{name} = :{name}" for name in figures]
    parts += [f"(attribute_not_exists({name}) OR {name} = :zero)" for name in RUNNING if name not in figures]
    values: dict[str, Any] = {f":{name}": {"N": str(value)} for name, value in figures.items()}
    if any(name not in figures for name in RUNNING):
        values[":zero"] = {"N": "0"}
    return " AND ".join(["attribute_exists(pk)", *parts]), values


def _sorted(ranks: Iterator[_Found], measure: str) -> Iterator[_Found]:
    # SQLite sorts in a file of its own that goes away with it, in bounded memory.
    with closing(sqlite3.connect("")) as disk:
        disk.execute("CREATE TABLE row (size INTEGER, source TEXT, destination TEXT, rank TEXT)")
        values = ((rank.size(measure), source, destination, str(rank)) for source, destination, rank in ranks)
        disk.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", values)
        found = disk.execute("SELECT source, destination, rank FROM row ORDER BY size DESC")
        yield from ((source, destination, Rank.parse(text)) for source, destination, text in found)
