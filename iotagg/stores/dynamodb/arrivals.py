"""The day of the last file of each site, kept in the site's item: a site that has gone silent shows by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.stores.dynamodb.table import SITES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient


def _now() -> datetime:
    return datetime.now(UTC)


class Arrivals:
    """The attribute `last_file` of the sites of one table. Methods raise CloudError where AWS cannot be used.

    Threads may share it: at worst a day is written twice.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime] = _now) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._noted: dict[str, str] = {}

    def today(self) -> str:
        """Return this day in UTC."""
        return self._clock().astimezone(UTC).date().isoformat()

    def note(self, site: str) -> None:
        """Note that a file of a site came today; that is written once a day."""
        today = self.today()
        if self._noted.get(site) == today:
            return
        key: Any = {"pk": {"S": SITES}, "sk": {"S": site}}
        with explained(f"table {self._table}"):
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET last_file = :today",
                ExpressionAttributeValues={":today": {"S": today}},
            )
        self._noted[site] = today

    def last_days(self) -> dict[str, str]:
        """Return the day (UTC) on which the last file of each site came; sites of which none ever came are left out."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :sites",
            ExpressionAttributeValues={":sites": {"S": SITES}},
        )
        with explained(f"table {self._table}"):
            items: list[Any] = [item for page in pages for item in page["Items"]]
        return {item["sk"]["S"]: item["last_file"]["S"] for item in items if "last_file" in item}
