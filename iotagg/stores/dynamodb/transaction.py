"""The one write that changes sums: a chunk's marker and its pair-months, together or not at all.

It is built by hand, not by the model: it is made thousands of times, and costs the client less than half so (measured:
see docs/explanation/cost-and-speed.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.core.ledger import is_in
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.stores.dynamodb.table import EXPIRES, marker_key, month_key, pair_key
from iotagg.stores.dynamodb.write_units import item_bytes, write_units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.pair_month import PairMonth

MARKER = 0  # the marker's place among a transaction's items, and so among the reasons why it was cancelled

# Reasons for which a cancelled transaction may go through another time (DynamoDB API, TransactWriteItems).
PASSING_REASONS = frozenset(("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"))
CONFLICT = "TransactionConflict"
CONDITION_FAILED = "ConditionalCheckFailed"
INVALID = "ValidationError"

_TOTALS = (FLOWS, *(metric.stored for metric in METRICS))


@dataclass(frozen=True, slots=True)
class Step:
    """A chunk of a contribution, on its way from the revision where its marker stands (0: there is none) to another.

    `expires` says when each of its months is no longer kept, in seconds since 1970, where that is known.
    """

    name: Name
    number: int
    chunk: Chunk
    standing: int
    revision: int
    expires: Callable[[str], int | None] = lambda _: None


def chunk_transaction(table: str, step: Step) -> list[dict[str, Any]]:
    """Return the items of the transaction that takes a step: the marker first, then the pair-months that change."""
    flips = is_in(step.standing) != is_in(step.revision)
    rows = [row if is_in(step.revision) else row.inverse() for row in step.chunk] if flips else []
    return [_marker(table, step), *(_addition(table, step.name.site, row, step.expires(row.month)) for row in rows)]


def _marker(table: str, step: Step) -> dict[str, Any]:
    partition, place = marker_key(step.name, step.number)
    marker_does_not_exist = "attribute_not_exists(pk)"
    marker_stands_where_expected = "revision = :standing"
    put: dict[str, Any] = {
        "TableName": table,
        "Item": {
            "pk": {"S": partition},
            "sk": {"S": place},
            "revision": {"N": str(step.revision)},
            "in": {"BOOL": is_in(step.revision)},
            "totals": {"M": _totals_by_month(step.chunk)},
        },
        "ConditionExpression": marker_stands_where_expected if step.standing else marker_does_not_exist,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if step.standing:
        put["ExpressionAttributeValues"] = {":standing": {"N": str(step.standing)}}
    return {"Put": put}


def _totals_by_month(chunk: Chunk) -> dict[str, Any]:
    months: dict[str, dict[str, int]] = {}
    for row in chunk:
        totals = months.setdefault(row.month, dict.fromkeys(_TOTALS, 0))
        for attribute in _TOTALS:
            totals[attribute] += row.sums.get(attribute, 0)
    return {
        month: {"M": {attribute: {"N": str(total)} for attribute, total in totals.items()}}
        for month, totals in months.items()
    }


def _addition(table: str, site: str, row: PairMonth, expires: int | None) -> dict[str, Any]:
    added = [(attribute, value) for attribute, value in row.sums.items() if value]
    values = {f":{attribute}": {"N": str(value)} for attribute, value in added}
    setting = ""
    if expires is not None:
        setting, values[f":{EXPIRES}"] = f"SET {EXPIRES} = :{EXPIRES} ", {"N": str(expires)}
    return {
        "Update": {
            "TableName": table,
            "Key": pair_month_key(site, row),
            "UpdateExpression": f"{setting}ADD " + ",".join(f"{attribute} :{attribute}" for attribute, _ in added),
            "ExpressionAttributeValues": values,
        }
    }


def pair_month_key(site: str, row: PairMonth) -> dict[str, Any]:
    """Return the keys of a pair-month's item."""
    return {"pk": {"S": pair_key(site, row.source)}, "sk": {"S": month_key(row.destination, row.month)}}


def least_write_units(items: list[dict[str, Any]]) -> int:
    """Return the least that a transaction costs, by its content."""
    return write_units(_least_bytes(item) for item in items)


def _least_bytes(item: Mapping[str, Any]) -> int:
    if "Put" in item:
        return item_bytes(item["Put"]["Item"])
    update = item["Update"]
    values = {name.removeprefix(":"): value for name, value in update["ExpressionAttributeValues"].items()}
    return item_bytes(update["Key"]) + item_bytes(values)
