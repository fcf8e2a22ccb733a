"""The one write that changes sums: a chunk's marker and its pair-months, together or not at all.

Its JSON is made here, neither by the model nor by the client: it is made thousands of times, and costs a fraction so
(measured: see docs/explanation/cost-and-speed.md).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING, Any

from iotagg.aws.made_json import MadeJson
from iotagg.core.ledger import is_in
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.stores.dynamodb.table import EXPIRES, marker_key, month_key, pair_key
from iotagg.stores.dynamodb.write_units import item_bytes, write_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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


def chunk_transaction(table: str, step: Step) -> MadeJson:
    """Return the items of the transaction that takes a step: the marker first, then the pair-months that change."""
    flips = is_in(step.standing) != is_in(step.revision)
    rows = [row if is_in(step.revision) else row.inverse() for row in step.chunk] if flips else []
    items = [_addition(table, step.name.site, row, step.expires(row.month)) for row in rows]
    return MadeJson(f"[{','.join([json.dumps(_marker(table, step)), *items])}]")


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


def _addition(table: str, site: str, row: PairMonth, expires: int | None) -> str:
    added = row.sums if all(row.sums.values()) else {name: value for name, value in row.sums.items() if value}
    names, values = tuple(added), tuple(added.values())
    if expires is not None:
        values = (*values, expires)
    partition, place = pair_key(site, row.source), month_key(row.destination, row.month)
    return _template(names, expires is not None) % (table, _quoted(partition), _quoted(place), *values)


@lru_cache(maxsize=256)  # pair-months of a file have their days, and so the names of their sums, mostly in common
def _template(names: tuple[str, ...], with_expiry: bool) -> str:
    setting, others = (f"SET {EXPIRES} = :{EXPIRES} ", (EXPIRES,)) if with_expiry else ("", ())
    expression = f"{setting}ADD " + ",".join(f"{name} :{name}" for name in names)
    values = ",".join(f'":{name}":{{"N":"%d"}}' for name in (*names, *others))
    return (
        '{"Update":{"TableName":"%s","Key":{"pk":{"S":%s},"sk":{"S":%s}},'
        f'"UpdateExpression":"{expression}","ExpressionAttributeValues":{{{values}}}}}}}'
    )


def least_write_units(items: Iterable[Mapping[str, Any]]) -> int:
    """Return the least that a transaction costs, by its content."""
    return write_units(_least_bytes(item) for item in items)


def _least_bytes(item: Mapping[str, Any]) -> int:
    if "Put" in item:
        return item_bytes(item["Put"]["Item"])
    update = item["Update"]
    values = {name.removeprefix(":"): value for name, value in update["ExpressionAttributeValues"].items()}
    return item_bytes(update["Key"]) + item_bytes(values)
