"""A pair's month as an item: its sums, and what lies beside them on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import PairMonth
from iotagg.stores.dynamodb.table import EXPIRES, RANK, RANKED_AT, month_key, pair_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BESIDE_SUMS = frozenset(("pk", "sk", EXPIRES, RANKED_AT, RANK))


def pair_month_key(site: str, row: PairMonth) -> dict[str, Any]:
    """Return the keys of a pair-month's item."""
    return key_of(site, row.source, row.destination, row.month)


def key_of(site: str, source: str, destination: str, month: str) -> dict[str, Any]:
    """Return the keys of the item of a pair's month."""
    return {"pk": {"S": pair_key(site, source)}, "sk": {"S": month_key(destination, month)}}


def pair_of(item: Any) -> tuple[str, str, str]:
    """Return source, destination and month of a pair-month's item."""
    destination, _, month = item["sk"]["S"].rpartition("#")
    return item["pk"]["S"].split("#", 2)[2], destination, month


def pair_month_of(item: Any) -> PairMonth:
    """Return the pair-month that an item is."""
    sums = {attribute: int(value["N"]) for attribute, value in item.items() if attribute not in BESIDE_SUMS}
    return PairMonth(*pair_of(item), {attribute: value for attribute, value in sums.items() if value})


def not_empty(items: Iterable[Any]) -> Iterator[PairMonth]:
    """Yield the pair-months that hold flows."""
    return (row for row in map(pair_month_of, items) if row.sums.get(FLOWS))
