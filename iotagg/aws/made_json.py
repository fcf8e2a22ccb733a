"""Requests of which a part is JSON already: botocore makes the rest, and looks at none of that part.

Most of what a large request costs the client is what botocore does with each of its values: serialization, a search for
names of resources, and JSON from what came out. Whoever makes thousands of alike requests makes that part by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OPERATION = "dynamodb.TransactWriteItems"
_PARAMETER = "TransactItems"
_MADE = "iotagg_made_json"


class MadeJson(Sequence[dict[str, Any]]):
    """A list in a request, given as the JSON it goes over the wire as. It is parsed where somebody looks into it.

    So a client that knows nothing of it sends the same, and who watches a client sees what others would give it.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.text)
        return items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._items[place]


def send_made_json(client: DynamoDBClient) -> None:
    """Let a client send a transaction's items, where they are given as MadeJson, as they are.

    boto3 documents the two events by which this is done (Boto3, "Extensibility guide"). What botocore adds to the
    request by itself, such as its token, stays.
    """
    client.meta.events.register(f"before-parameter-build.{_OPERATION}", _take_out)
    client.meta.events.register(f"before-call.{_OPERATION}", _put_in)


def _take_out(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    items = params.get(_PARAMETER)
    if isinstance(items, MadeJson):
        context[_MADE] = items.text
        params[_PARAMETER] = []


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if _MADE in context:
        others = json.loads(params["body"])
        del others[_PARAMETER]
        rest = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in others.items())
        params["body"] = f'{{"{_PARAMETER}":{context[_MADE]}{rest}}}'.encode()
