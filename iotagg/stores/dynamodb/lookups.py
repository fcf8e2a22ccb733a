"""Pair-months found by their keys, by their source, and with their ranks: what findings are made of."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.core.metrics import FLOWS
from iotagg.core.ranks import Rank
from iotagg.errors import CloudBusy
from iotagg.stores.dynamodb.pair_items import key_of, not_empty, pair_month_of
from iotagg.stores.dynamodb.table import RANK, month_key, pair_key
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.patience import Patience
    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.dynamodb.floor import Floor

_READ_TOGETHER = 100  # the most items of one BatchGetItem
_BEHIND_ALL = "~"  # months of a destination: they begin with a digit


class Lookups:
    """Reads pair-months of one table, as the protocol of stores says. Methods raise CloudError."""

    def __init__(self, client: DynamoDBClient, table: str, patience: Patience, floor: Floor) -> None:
        self._client = client
        self._table = table
        self._patience = patience
        self._floor = floor

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        first_month = self._floor.first_month()
        waiting = iter(keys)
        while together := list(islice(waiting, _READ_TOGETHER)):
            left: list[Any] = [key_of(site, *key) for key in dict.fromkeys(together) if key[2] >= first_month]
            found: list[Any] = []
            with explained(f"table {self._table}"):
                self._patience.spent_on(lambda left=left, found=found: self._read(left, found))  # type: ignore[misc]  # of this turn
            yield from not_empty(found)

    def _read(self, left: list[Any], found: list[Any]) -> None:
        # Takes what is answered off what is left: a further try asks for the rest alone.
        if not left:
            return
        request: Any = {self._table: {"Keys": left, "ConsistentRead": True}}
        reply: Any = self._client.batch_get_item(RequestItems=request)
        found += reply["Responses"].get(self._table, ())
        left[:] = reply.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", ())
        if left:
            raise CloudBusy(f"table {self._table}: it is asked too much at once, and it lasted; try later")

    def source_months(
        self, site: str, source: str, after: str = "", *, months: Collection[str] = ()
    ) -> Iterator[PairMonth]:
        first_month = self._floor.first_month()
        keys = {":source": {"S": pair_key(site, source)}, ":after": {"S": month_key(after, _BEHIND_ALL)}}
        items = self._items("pk = :source AND sk > :after", keys)
        kept = (row for row in not_empty(items) if row.month >= first_month)
        return (row for row in kept if not months or row.month in months)

    def ranked_months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[tuple[PairMonth, Rank | None]]:
        first = max(first, self._floor.first_month())
        if first > last:
            return []  # DynamoDB takes such a range for a mistake
        values = {
            ":pair": {"S": pair_key(site, source)},
            ":first": {"S": month_key(destination, first)},
            ":last": {"S": month_key(destination, last)},
        }
        items = self._items("pk = :pair AND sk BETWEEN :first AND :last", values)
        rows = ((pair_month_of(item), rank_in(item)) for item in items)
        return [(row, rank) for row, rank in rows if row.sums.get(FLOWS) or rank is not None]

    def _items(self, condition: str, values: Any) -> Iterator[Any]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
        with explained(f"table {self._table}"):
            for page in pages:
                yield from page["Items"]


def rank_in(item: Any) -> Rank | None:
    """Return the rank that an item has."""
    return Rank.parse(item[RANK].get("S", "")) if RANK in item else None
