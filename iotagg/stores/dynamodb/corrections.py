"""Items put right by a rebuild: each on condition that it is still what was compared, so that nothing is overwritten.

A repetition after a lost reply finds the item as it should be, and says that it is not what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.core.ledger import is_in
from iotagg.core.metrics import FLOWS
from iotagg.stores.dynamodb.books import figures_of_item, marker_of
from iotagg.stores.dynamodb.table import EXPIRES, marker_key, month_key, pair_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.aws.patience import Patience
    from iotagg.core.books import Held, Marker
    from iotagg.core.contribution import Name
    from iotagg.stores.dynamodb.floor import Floor

_CONDITION_FAILED = "ConditionalCheckFailedException"
_KEYS = ("pk", "sk")


class Corrections:
    """Changes items of one table. Methods raise CloudError."""

    def __init__(self, client: DynamoDBClient, table: str, patience: Patience, floor: Floor) -> None:
        self._client = client
        self._table = table
        self._patience = patience
        self._floor = floor

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        """Put sums in the place of a pair-month, as the protocol of stores says."""
        key = _key(pair_key(before.site, before.source), month_key(before.destination, before.month))
        item = self._item(key)
        if (figures_of_item(item) if item else {}) != before.figures:
            return False
        after: dict[str, Any] = {name: {"N": str(value)} for name, value in sums.items()}
        expires = self._floor.expiry(before.month)
        if expires is not None:
            after[EXPIRES] = {"N": str(expires)}
        elif EXPIRES in item:
            after[EXPIRES] = item[EXPIRES]
        # Whatever is added meanwhile adds flows, so that no other attribute can come unseen.
        return self._replace(key, item, after if sums else {}, absent=() if FLOWS in item else (FLOWS,))

    def put_marker(self, name: Name, number: int, before: Marker, revision: int) -> bool:
        """Put a marker at a revision, as the protocol of stores says."""
        key = _key(*marker_key(name, number))
        item = self._item(key)
        if not item or marker_of(item) != before:
            return False
        after = {place: value for place, value in item.items() if place not in _KEYS}
        after |= {"revision": {"N": str(revision)}, "in": {"BOOL": is_in(revision)}}
        return self._replace(key, item, after if revision else {})

    def _item(self, key: Any) -> dict[str, Any]:
        with explained(f"table {self._table}"):
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return dict(found.get("Item", {}))

    def _replace(self, key: Any, before: dict[str, Any], after: dict[str, Any], absent: tuple[str, ...] = ()) -> bool:
        condition = _unchanged(before, absent)
        if after:
            return self._written(lambda: self._client.put_item(TableName=self._table, Item=key | after, **condition))
        if not before:
            return True
        return self._written(lambda: self._client.delete_item(TableName=self._table, Key=key, **condition))

    def _written(self, write: Callable[[], object]) -> bool:
        with explained(f"table {self._table}"):
            try:
                self._patience.spent_on(write)
            except ClientError as error:
                if code_of(error) == _CONDITION_FAILED:
                    return False
                raise
        return True


def _key(partition: str, place: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": place}}


def _unchanged(item: dict[str, Any], absent: tuple[str, ...]) -> dict[str, Any]:
    # The condition that an item is as it was read, and lacks some attributes; or that there is none.
    if not item:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    watched = [name for name in item if name not in _KEYS]
    names = {f"#{place}": name for place, name in enumerate((*watched, *absent))}
    values = {f":{place}": item[name] for place, name in enumerate(watched)}
    parts = [f"#{place} = :{place}" for place in range(len(watched))]
    parts += [f"attribute_not_exists(#{len(watched) + place})" for place in range(len(absent))]
    found: dict[str, Any] = {"ConditionExpression": " AND ".join(parts), "ExpressionAttributeNames": names}
    return found | ({"ExpressionAttributeValues": values} if values else {})
