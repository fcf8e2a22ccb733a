"""What an audit reads of a table: its items as they stand, also those that make no sense. It scans."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.core.books import Held, Marker, figures_of
from iotagg.core.contribution import Name
from iotagg.errors import InvalidValue
from iotagg.stores.dynamodb.pair_items import BESIDE_SUMS
from iotagg.stores.dynamodb.table import (
    EXPIRES,
    FILES,
    PAIRS,
    RANK,
    content_key,
    marker_prefix,
    month_key,
    pair_key,
    paths_key,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.core.books import Figures, Totals


class Books:
    """The items of one table. Methods raise CloudError."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def markers(self, name: Name) -> dict[int, Marker]:
        """Return the markers of a contribution's chunks."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :content AND begins_with(sk, :markers)",
            ExpressionAttributeValues={
                ":content": {"S": content_key(name.site, name.content)},
                ":markers": {"S": marker_prefix(name)},
            },
        )
        with explained(f"table {self._table}"):
            items: list[Any] = [item for page in pages for item in page["Items"]]
        return {_number(item): marker_of(item) for item in items}

    def traces(self, sites: Collection[str]) -> Iterator[Name]:
        """Yield the names that any item has which begins as a contribution's do."""
        with explained(f"table {self._table}"):
            for item in self._scan(FILES, sites, "pk, sk"):
                site, _, content = item["pk"]["S"].removeprefix(FILES).partition("#")
                name = Name(site, content, item["sk"]["S"].partition("#")[0])
                if not sites or site in sites:
                    yield name

    def listed_paths(self, site: str) -> Iterator[str]:
        """Yield the paths of a site that have an item, sorted."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :site",
            ExpressionAttributeValues={":site": {"S": paths_key(site)}},
            ProjectionExpression="sk",
        )
        with explained(f"table {self._table}"):
            for page in pages:
                yield from (item["sk"]["S"] for item in page["Items"])

    def held(self, sites: Collection[str], first_month: str) -> Iterator[Held]:
        """Yield the pair-months from a month on, sorted; a temporary file puts them into that order."""
        with closing(sqlite3.connect("")) as disk, explained(f"table {self._table}"):
            disk.execute("CREATE TABLE row (site, source, destination, month, figures, rank)")
            rows = (_held(item) for item in self._scan(PAIRS, sites))
            kept = (row for row in rows if row.month >= first_month and (not sites or row.site in sites))
            values = ((*row.key, json.dumps(row.figures), row.rank) for row in kept)
            disk.executemany("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)", values)
            found = disk.execute("SELECT * FROM row ORDER BY site, source, destination, month")
            for site, source, destination, month, figures, rank in found:
                yield Held(site, source, destination, month, json.loads(figures), rank)

    def held_month(self, site: str, source: str, destination: str, month: str) -> Held | None:
        """Return one pair-month."""
        key: Any = {"pk": {"S": pair_key(site, source)}, "sk": {"S": month_key(destination, month)}}
        with explained(f"table {self._table}"):
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return None if item is None else _held(item)

    def _scan(self, beginning: str, sites: Collection[str], attributes: str = "") -> Iterator[Any]:
        # With a single site the table's own filter leaves the others out, else the caller does.
        prefix = f"{beginning}{next(iter(sites))}#" if len(sites) == 1 else beginning
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="begins_with(pk, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": prefix}},
            **({"ProjectionExpression": attributes} if attributes else {}),  # type: ignore[arg-type]  # a text, if any
        )
        for page in pages:
            yield from page["Items"]


def _number(item: Any) -> int:
    text = item["sk"]["S"].rpartition("#")[2]
    if not text.isdecimal():
        raise InvalidValue(f"item {item['pk']['S']}, {item['sk']['S']} is no chunk's marker; remove it")
    return int(text)


def marker_of(item: Any) -> Marker:
    """Return the marker that an item is."""
    months = item["totals"]["M"] if "totals" in item else {}
    totals: Totals = {
        month: {name: int(value["N"]) for name, value in figures["M"].items()} for month, figures in months.items()
    }
    assessed = int(item["assessed"]["N"]) if "assessed" in item else 0
    return Marker(int(item["revision"]["N"]), bool(item["in"]["BOOL"]), totals, EXPIRES in item, assessed)


def _held(item: Any) -> Held:
    destination, _, month = item["sk"]["S"].rpartition("#")
    _, site, source = [*item["pk"]["S"].split("#", 2), "", ""][:3]
    rank = item[RANK].get("S", "") if RANK in item else None
    return Held(site, source, destination, month, figures_of_item(item), rank)


def figures_of_item(item: Any) -> Figures:
    """Return the figures of a pair-month's item."""
    found: dict[str, object] = {}
    for name, value in item.items():
        if name not in BESIDE_SUMS:
            ((_, content),) = value.items()
            found[name] = int(content) if _is_whole(value) else content
    return figures_of(found)


def _is_whole(value: Any) -> bool:
    return "N" in value and value["N"].lstrip("-").isdecimal()
