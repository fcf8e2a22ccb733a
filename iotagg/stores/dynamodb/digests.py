"""What the last digest told, kept in one item: a digest tells nothing twice, whoever sends it, however often.

Of each part that was told there is a hash, of no part its words: no site or address stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.problems import code_of, explained
from iotagg.errors import CloudBusy

if TYPE_CHECKING:
    from collections.abc import Collection

    from mypy_boto3_dynamodb import DynamoDBClient

DIGEST = "DIGEST"
_LAST = "last"
_TRIES = 5  # at the same moment as others; two are more than a schedule ever starts
_TAKEN = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class _Told:
    # What was told last, what before that, and by whom; all empty in the beginning.
    told: str = ""
    before: str = ""
    by: str = ""

    def new(self) -> frozenset[str]:
        return frozenset(self.told.split()) - frozenset(self.before.split())


class Digests:
    """The item of one table. Methods raise CloudError where AWS cannot be used."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def told(self) -> frozenset[str]:
        """Return the parts that the last digest had."""
        return frozenset(self._last().told.split())

    def take(self, parts: Collection[str], by: str) -> frozenset[str]:
        """Return those of a digest's parts that were not in the last one, which this one becomes.

        Parts are hashes, `by` names who is going to tell them: whoever asks again gets the same answer, so that it may
        be told again after a failure. To all others they have been told then.
        """
        told = " ".join(sorted(parts))
        for _ in range(_TRIES):
            last = self._last()
            if last.by == by:
                return last.new()
            mine = _Told(told, last.told, by)
            if not mine.new() or self._put(mine, last):
                return mine.new()
        raise CloudBusy(f"table {self._table}: others tell digests all the time; try later")

    def give_back(self, by: str) -> None:
        """Let the last digest be what it was before `by` took it, if nobody else did since."""
        last = self._last()
        if last.by == by:
            self._put(_Told(last.before), last)

    def _last(self) -> _Told:
        key: Any = {"pk": {"S": DIGEST}, "sk": {"S": _LAST}}
        with explained(f"table {self._table}"):
            item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return _Told(**{name: item[name]["S"] for name in ("told", "before", "by") if name in item})

    def _put(self, new: _Told, last: _Told) -> bool:
        item: Any = {"pk": {"S": DIGEST}, "sk": {"S": _LAST}}
        item |= {"told": {"S": new.told}, "before": {"S": new.before}, "by": {"S": new.by}}
        condition = "attribute_not_exists(pk) OR (#by = :by AND told = :told)"
        with explained(f"table {self._table}"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#by": "by"},
                    ExpressionAttributeValues={":by": {"S": last.by}, ":told": {"S": last.told}},
                )
            except ClientError as error:
                if code_of(error) != _TAKEN:
                    raise
                return False
        return True
