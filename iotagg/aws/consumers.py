"""The functions that take messages from a stack's queues, held back for a while; the messages wait in the queues.

What was held back is written down in the table first: whoever is killed meanwhile leaves that, and the next one, which
holds the same back and lets it go, finds it there. Machine workers are not reached; nothing depends on that.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.clients import client, connect
from iotagg.aws.problems import code_of, explained
from iotagg.errors import CloudBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.clients import Clients
    from iotagg.aws.stack import Stack

PAUSED = "PAUSED"
_CHANGING = "ResourceInUseException"
_LOOK_SECONDS = 2.0
_LOOKS = 90  # within three minutes AWS has changed what it was asked to
_WHAT = "the functions that take messages from its queues"


@dataclass(frozen=True, slots=True)
class Consumers:
    """The event source mappings of a stack's queues. Methods raise CloudError."""

    clients: Clients
    functions: Any  # a client for Lambda
    table: str
    queue_urls: tuple[str, ...]
    wait: Callable[[float], object] = time.sleep

    @classmethod
    def of(cls, stack: Stack) -> Consumers:
        """Return those of a stack."""
        return cls(connect(), client("lambda"), stack.table, (stack.files_queue_url, stack.chunks_queue_url))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold them back inside; afterwards let those go that were at work before, or that somebody left held back.

        Raises CloudBusy where one does not stop.
        """
        mappings = sorted({*self._written_down(), *self._enabled()})
        self._write_down(mappings)
        try:
            for mapping in mappings:
                self._switch(mapping, enabled=False)
            for mapping in mappings:
                self._await(mapping, "Disabled")
            yield
        finally:
            for mapping in mappings:
                self._switch(mapping, enabled=True)
            self._write_down([])

    def _enabled(self) -> Iterator[str]:
        with explained(_WHAT):
            for url in self.queue_urls:
                attributes = self.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
                pages = self.functions.get_paginator("list_event_source_mappings").paginate(
                    EventSourceArn=attributes["Attributes"]["QueueArn"]
                )
                for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
                    if mapping["State"] in ("Enabled", "Enabling", "Creating", "Updating"):
                        yield mapping["UUID"]

    def _switch(self, mapping: str, *, enabled: bool) -> None:
        for _ in range(_LOOKS):
            with explained(_WHAT):
                try:
                    self.functions.update_event_source_mapping(UUID=mapping, Enabled=enabled)
                except ClientError as error:
                    if code_of(error) != _CHANGING:
                        raise
                else:
                    return
            self.wait(_LOOK_SECONDS)
        raise _stuck(mapping)

    def _await(self, mapping: str, state: str) -> None:
        for _ in range(_LOOKS):
            with explained(_WHAT):
                if self.functions.get_event_source_mapping(UUID=mapping)["State"] == state:
                    return
            self.wait(_LOOK_SECONDS)
        raise _stuck(mapping)

    def _written_down(self) -> list[str]:
        key: Any = {"pk": {"S": PAUSED}, "sk": {"S": PAUSED}}
        with explained(f"table {self.table}"):
            item = self.clients.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return list(item["mappings"]["SS"]) if item else []

    def _write_down(self, mappings: list[str]) -> None:
        key: Any = {"pk": {"S": PAUSED}, "sk": {"S": PAUSED}}
        with explained(f"table {self.table}"):
            if mappings:
                self.clients.dynamodb.put_item(TableName=self.table, Item=key | {"mappings": {"SS": mappings}})
            else:
                self.clients.dynamodb.delete_item(TableName=self.table, Key=key)


def _stuck(mapping: str) -> CloudBusy:
    return CloudBusy(f"{_WHAT} do not change: event source mapping {mapping}; run it again, which also lets them go on")
