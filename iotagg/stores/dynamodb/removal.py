"""Pair-months that are removed: emptied ones, and those that are kept no longer. The one writer that scans."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.stores.dynamodb.pair_items import pair_of
from iotagg.stores.dynamodb.table import MARKS, PAIRS, marks_key, pair_key

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
        """Remove those without flows, of a site or all, of a device or all; one that is added to meanwhile stays.

        With them go the marks of devices that have no flows in a month.
        """

        def is_of(key: dict[str, Any]) -> bool:
            return not device or device in pair_of(key)[:2]

        only_empty = {"ConditionExpression": _IS_EMPTY, "ExpressionAttributeValues": _ZERO}
        condition = f"(begins_with(pk, :pairs) AND {_IS_EMPTY}) OR begins_with(pk, :marks)"
        pairs, marks = (pair_key(site, ""), marks_key(site, "")) if site else (PAIRS, MARKS)
        values = {":pairs": _text(pairs), ":marks": _text(marks), **_ZERO}
        marked, removed = self._remove(condition, values, is_of, only_empty)
        for key in marked:
            if (not device or key["sk"]["S"] == device) and not self._has_flows(key):
                self._removed(key, {})
        return removed

    def _has_flows(self, mark: dict[str, Any]) -> bool:
        _, site, month = mark["pk"]["S"].split("#", 2)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :source",
            FilterExpression="flows > :zero",
            ProjectionExpression="pk, sk",
            ExpressionAttributeValues={":source": _text(pair_key(site, mark["sk"]["S"])), **_ZERO},
        )
        with explained(f"table {self._table}"):
            return any(pair_of(item)[2] == month for page in pages for item in page["Items"])

    def below(self, floor: str) -> int:
        """Remove those of months before this one, and the marks of such months."""
        prefixes = {":pairs": _text(PAIRS), ":marks": _text(MARKS)}
        condition = "begins_with(pk, :pairs) OR begins_with(pk, :marks)"
        marked, removed = self._remove(condition, prefixes, lambda key: pair_of(key)[2] < floor, {})
        for key in marked:
            if key["pk"]["S"].rpartition("#")[2] < floor:
                self._removed(key, {})
        return removed

    def _remove(
        self, filtered: str, values: dict[str, Any], wanted: Callable[[Any], bool], condition: dict[str, Any]
    ) -> tuple[list[Any], int]:
        # Returns the marks that it came across, and how many pair-months it removed.
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression=filtered,
            ProjectionExpression="pk, sk",
            ExpressionAttributeValues=values,
        )
        marks, removed = [], 0
        with explained(f"table {self._table}"), ThreadPoolExecutor(_AT_ONCE) as pool:
            for page in pages:
                keys: list[Any] = [key for key in page["Items"] if key["pk"]["S"].startswith(PAIRS)]
                marks += [key for key in page["Items"] if key["pk"]["S"].startswith(MARKS)]
                removed += sum(pool.map(lambda key: self._removed(key, condition), filter(wanted, keys)))
        return marks, removed

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
