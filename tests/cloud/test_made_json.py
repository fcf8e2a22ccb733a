"""A transaction whose JSON is made here: what goes over the wire is what botocore would have made of its values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.clients import client
from iotagg.aws.made_json import MadeJson
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction
from tests.stores.racing import CHUNKS, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

ITEMS = chunk_transaction("table", Step(name_of(1), 0, CHUNKS[0], 0, 1, lambda _: 99))


class Sent(Exception):
    """A request, on its way."""


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> DynamoDBClient:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    made: DynamoDBClient = client("dynamodb")
    made.meta.events.register("before-send.dynamodb", stop)
    return made


def stop(request: Any, **_: Any) -> None:
    assert int(request.headers["Content-Length"]) == len(request.body)
    raise Sent(request.body)


def sent(dynamodb: DynamoDBClient, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    with pytest.raises(Sent) as request:
        dynamodb.transact_write_items(TransactItems=items, ReturnConsumedCapacity="TOTAL")  # type: ignore[arg-type]  # built by hand
    body: dict[str, Any] = json.loads(request.value.args[0])
    assert len(body["ClientRequestToken"]) == len("01234567-89ab-cdef-0123-456789abcdef")
    return {name: value for name, value in body.items() if name != "ClientRequestToken"}


def test_what_is_sent_is_what_botocore_would_make_of_it(dynamodb: DynamoDBClient) -> None:
    expected = {"TransactItems": json.loads(ITEMS.text), "ReturnConsumedCapacity": "TOTAL"}
    assert sent(dynamodb, ITEMS) == sent(dynamodb, list(ITEMS)) == expected


def test_what_is_sent_is_the_text_itself(dynamodb: DynamoDBClient) -> None:
    with pytest.raises(Sent) as request:
        dynamodb.transact_write_items(TransactItems=MadeJson('[{"Put" :  {}}]'))  # type: ignore[arg-type]  # built by hand
    assert b'{"TransactItems":[{"Put" :  {}}],"ClientRequestToken":' in request.value.args[0]


def test_one_request_leaves_nothing_for_the_next(dynamodb: DynamoDBClient) -> None:
    sent(dynamodb, ITEMS)
    assert sent(dynamodb, [{"Put": {}}])["TransactItems"] == [{"Put": {}}]


def test_whoever_looks_sees_the_items() -> None:
    marker, *additions = ITEMS
    assert len(ITEMS) == 1 + len(CHUNKS[0])
    assert ITEMS[0] is marker
    assert ITEMS[1:] == additions
    assert additions[0]["Update"]["UpdateExpression"].startswith("SET expires = :expires ADD flows :flows,")
    assert additions[0]["Update"]["ExpressionAttributeValues"][":expires"] == {"N": "99"}
