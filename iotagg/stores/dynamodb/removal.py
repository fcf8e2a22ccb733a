"""Pair-months that are removed: emptied ones, and those that are kept no longer. The one writer that scans."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.stores.dynamodb.pair_items import pair_of
from iotagg.stores.dynamodb.table import PAIRS, pair_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.patience import Patience

_IS_EMPTY = "(attribute_not_exists(flows) OR flows = :zero)"
_ZERO = {":zero": {"N": "0"}}
_AT_ONCE = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"


class Removal:
    """Removes pair-months of one table."""

    def __init__(self, client: DynamoDBClient, table: str, patience: Patience) -> None:
        self._client = client
        self._table = table
        self._patience = patience

    def empty(self, site: str, device: str) -> int:
        """Remove those without flows, of a site or all, of a device or all; one that is added to meanwhile stays."""

        def is_of(key: dict[str, Any]) -> bool:
            return not device or device in pair_of(key)[:2]

        only_empty = {"ConditionExpression": _IS_EMPTY, "ExpressionAttributeValues": _ZERO}
        prefix = pair_key(site, "") if site else PAIRS
        return self._remove(
            f"begins_with(pk, :pairs) AND {_IS_EMPTY}", {":pairs": _text(prefix), **_ZERO}, is_of, only_empty
        )

    def below(self, floor: str) -> int:
        """Remove those of months before this one."""
        return self._remove(
            "begins_with(pk, :pairs)", {":pairs": _text(PAIRS)}, lambda key: pair_of(key)[2] < floor, {}
        )

    def _remove(
        self, filtered: str, values: dict[str, Any], wanted: Callable[[Any], bool], condition: dict[str, Any]
    ) -> int:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression=filtered,
            ProjectionExpression="pk, sk",
            ExpressionAttributeValues=values,
        )
        removed = 0
        with explained(f"table {self._table}"), ThreadPoolExecutor(_AT_ONCE) as pool:
            for page in pages:
                removed += sum(pool.map(lambda key: self._removed(key, condition), filter(wanted, page["Items"])))
        return removed

    def _removed(self, key: dict[str, Any], condition: dict[str, Any]) -> bool:
        def delete() -> None:
            self._client.delete_item(TableName=self._table, Key=key, **condition)

        try:
            self._patience.spent_on(delete)
        except ClientError as error:
            if code_of(error) == _CONDITION_FAILED:
                return False
            raise
        return True


def _text(text: str) -> dict[str, str]:
    return {"S": text}
