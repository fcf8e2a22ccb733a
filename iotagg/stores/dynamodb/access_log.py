"""Who took figures out of a stack, and when: a record in the table for each export, written before its first row.

Records go 400 days after they were written, by the table's time to live. They are no part of what is counted.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.stores.dynamodb.table import EXPIRES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

EXPORTS = "EXPORTS"
KEPT = timedelta(days=400)  # a year's figures can be compared with those who saw them, and a month to spare
_RANDOM_BYTES = 4  # so that two records of one microsecond are two


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """One export: when it began (UTC), who asked for it (an ARN), what for, and where it went."""

    at: str
    who: str
    what: str
    where: str


class AccessLog:
    """The records of one table. Methods raise CloudError where they cannot be written or read."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime] = _now) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def note(self, who: str, what: str, where: str) -> None:
        """Write a record of an export that is about to be given out."""
        now = self._clock().astimezone(UTC)
        at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        item: Any = {
            "pk": {"S": EXPORTS},
            "sk": {"S": f"{at}#{secrets.token_hex(_RANDOM_BYTES)}"},
            "who": {"S": who},
            "what": {"S": what},
            "where": {"S": where},
            EXPIRES: {"N": str(int((now + KEPT).timestamp()))},
        }
        with explained(f"the record of this export in table {self._table}"):
            self._client.put_item(TableName=self._table, Item=item)

    def accesses(self, since: str = "", most: int | None = None) -> Iterator[Access]:
        """Yield the records since an ISO day, newest first, at most so many."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            ScanIndexForward=False,
            KeyConditionExpression="pk = :exports AND sk >= :since",
            ExpressionAttributeValues={":exports": {"S": EXPORTS}, ":since": {"S": since or "0"}},
        )
        with explained(f"table {self._table}"):
            yield from islice((_access(item) for page in pages for item in page["Items"]), most)


def _access(item: Any) -> Access:
    return Access(item["sk"]["S"].partition("#")[0], item["who"]["S"], item["what"]["S"], item["where"]["S"])
