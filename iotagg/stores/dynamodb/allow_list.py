"""The allow list in the table: an item for each allowance, in one partition."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.core.allowances import stored_allowance
from iotagg.stores.dynamodb.table import ALLOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.patience import Patience
    from iotagg.core.allowances import Allowance

_PARTS = ("site", "source", "destination", "kind", "until", "note")


class AllowList:
    """The allowances of one table, as the protocol of stores says. Methods raise CloudError."""

    def __init__(self, client: DynamoDBClient, table: str, patience: Patience) -> None:
        self._client = client
        self._table = table
        self._patience = patience

    def allowances(self) -> list[Allowance]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :allow",
            ExpressionAttributeValues={":allow": {"S": ALLOW}},
        )
        with explained(f"table {self._table}"):
            found: list[Any] = [item for page in pages for item in page["Items"]]
        return [stored_allowance(*(parts.get(part, {}).get("S") for part in ("sk", *_PARTS))) for parts in found]

    def allow(self, allowance: Allowance) -> None:
        parts = asdict(allowance)
        item: Any = _key(allowance.id) | {part: {"S": parts[part]} for part in _PARTS}
        with explained(f"table {self._table}"):
            self._patience.spent_on(lambda: self._client.put_item(TableName=self._table, Item=item))

    def disallow(self, allowance_id: str) -> bool:
        key = _key(allowance_id)
        with explained(f"table {self._table}"):
            was_there = "Item" in self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
            self._patience.spent_on(lambda: self._client.delete_item(TableName=self._table, Key=key))
        return was_there


def _key(allowance_id: str) -> Any:
    return {"pk": {"S": ALLOW}, "sk": {"S": allowance_id}}
