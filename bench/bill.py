"""What DynamoDB would charge for a client's requests, calculated from the items that they read and write.

DynamoDB says so in its replies, an engine that stands in for it does not. So beside each request the items that it
concerns are read with another client, before and after, and sized by the documented rules: a read unit is 4 KB read
consistently, a query's items taken together; a write unit is 1 KB of the larger of the item before and after, two of
them in a transaction; a key that is read or written and holds nothing is one unit. In the index of ranks a unit is
charged for each entry that a write puts there, and for each that it removes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from iotagg.stores.dynamodb.table import RANK, RANKED_AT
from iotagg.stores.dynamodb.write_units import IN_A_TRANSACTION, UNIT_BYTES, item_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READ_UNIT_BYTES = 4096
IN_THE_INDEX = " of the index"
_CHARGED = frozenset(("Put", "Update", "Delete", "ConditionCheck"))  # a condition is charged as a write


class Bill:
    """Read and write units of what a client does from now on, by operation; `beside` is what looks at the items.

    For one thread at a time; requests that fail are not charged.
    """

    def __init__(self, watched: DynamoDBClient, beside: DynamoDBClient) -> None:
        self._beside: Any = beside
        self.read_units: Counter[str] = Counter()
        self.write_units: Counter[str] = Counter()
        watched.meta.events.register("provide-client-params.dynamodb", self._before)
        watched.meta.events.register("after-call.dynamodb", self._after)

    def _before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        keys = _written(model.name, params)
        context["bill"] = (params, [(table, key, self._item(table, key)) for table, key in keys])

    def _after(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        params, before = context["bill"]
        if "Error" in parsed:
            return
        if model.name == "GetItem":
            self.read_units[model.name] += _read_units(item_bytes(parsed.get("Item", {})))
        elif model.name == "Query":
            self.read_units[model.name] += _read_units(self._queried(params))
        for table, key, item in before:
            after = self._item(table, key)
            larger = max(item_bytes(item), item_bytes(after))
            unit = IN_A_TRANSACTION if model.name == "TransactWriteItems" else 1
            self.write_units[model.name] += unit * max(1, -(-larger // UNIT_BYTES))
            entries = {_entry(item), _entry(after)}
            if len(entries) > 1:
                self.write_units[f"{model.name}{IN_THE_INDEX}"] += len(entries - {None})

    def _item(self, table: str, key: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._beside.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        return found

    def _queried(self, params: dict[str, Any]) -> int:
        # What is charged is whole items, also where a part of them is asked for.
        whole = {name: value for name, value in params.items() if name not in ("ProjectionExpression", "Select")}
        names = {
            name: value
            for name, value in whole.pop("ExpressionAttributeNames", {}).items()
            if name in params["KeyConditionExpression"]
        }
        found = self._beside.query(**whole, **({"ExpressionAttributeNames": names} if names else {}))
        return sum(map(item_bytes, found["Items"]))


def _entry(item: dict[str, Any]) -> tuple[str, str] | None:
    return (item[RANKED_AT]["S"], item[RANK]["S"]) if RANKED_AT in item and RANK in item else None


def _read_units(size: int) -> int:
    return max(1, -(-size // _READ_UNIT_BYTES))


def _written(operation: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    match operation:
        case "TransactWriteItems":
            actions = [action for item in params["TransactItems"] for action in item.items()]
        case "PutItem" | "UpdateItem" | "DeleteItem":
            actions = [(operation.removesuffix("Item"), params)]
        case _:
            actions = []
    return [
        (action["TableName"], _key(action["Item"]) if kind == "Put" else action["Key"])
        for kind, action in actions
        if kind in _CHARGED
    ]


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}
