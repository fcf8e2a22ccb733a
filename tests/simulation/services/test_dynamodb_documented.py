"""DynamoDB, simulated: what AWS documents and the engine does otherwise, or not at all, on both sides of each bound.

The pages: Amazon DynamoDB API Reference; Developer Guide, "Quotas in Amazon DynamoDB", "Paginating table query
results", "Using time to live", "DynamoDB item sizes and formats", "read and write operations".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.stores.dynamodb import write_units
from tests.simulation.services.both import TABLE, Failed, asked
from tests.simulation.services.values import item_bytes

if TYPE_CHECKING:
    from tests.simulation.services.both import Simulation

INVALID = Failed("ValidationException", 400)
MISMATCH = Failed("IdempotentParameterMismatchException", 400)


class Desk:
    """A table of a simulation, and the means to ask for it."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.client: Any = simulation.clients.dynamodb
        self.client.create_table(TableName="table", **TABLE)

    def ask(self, operation: str, /, **parameters: Any) -> Any:
        return asked(self.client, operation, TableName="table", **parameters)

    def transact(self, *items: dict[str, Any], **more: Any) -> Any:
        return asked(self.client, "TransactWriteItems", TransactItems=list(items), **more)

    def number(self, sort: str = "b") -> Any:
        return self.ask("GetItem", Key=key(sort=sort), ConsistentRead=True)["Item"].get("n")


@pytest.fixture
def desk(simulation: Simulation) -> Desk:
    return Desk(simulation)


def key(partition: str = "a", sort: str = "b") -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def add(number: int, sort: str = "b") -> dict[str, Any]:
    values = {":n": {"N": str(number)}}
    update = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": values}
    return {"Update": {"TableName": "table", "Key": key(sort=sort), **update}}


def test_a_partition_key_has_2048_bytes_and_a_sort_key_1024(desk: Desk) -> None:
    assert desk.ask("PutItem", Item=key("x" * 2048, "x" * 1024)) == {}
    assert desk.ask("PutItem", Item=key("x" * 2049, "x" * 1024)) == INVALID
    assert desk.ask("PutItem", Item=key("x" * 2048, "x" * 1025)) == INVALID


def test_keys_are_measured_in_bytes(desk: Desk) -> None:
    assert desk.ask("PutItem", Item=key("a", "é" * 512)) == {}
    assert desk.ask("PutItem", Item=key("a", "é" * 512 + "x")) == INVALID


@pytest.mark.parametrize(("levels", "expected"), [(32, {}), (33, INVALID)])
def test_values_nest_32_levels(desk: Desk, levels: int, expected: Any) -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    assert desk.ask("PutItem", Item={**key(), "value": value}) == expected


def test_an_expression_has_4_kilobytes(desk: Desk) -> None:
    expression = "attribute_not_exists(" + "x" * (4096 - len("attribute_not_exists()")) + ")"
    assert desk.ask("PutItem", Item=key(), ConditionExpression=expression) == {}
    assert desk.ask("PutItem", Item=key(), ConditionExpression=f"{expression} ") == INVALID


def test_a_condition_that_fails_shows_the_item_where_that_is_asked_for(desk: Desk) -> None:
    desk.ask("PutItem", Item={**key(), "n": {"N": "1"}})
    with pytest.raises(desk.client.exceptions.ClientError) as caught:
        desk.client.put_item(
            TableName="table",
            Item=key(),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Item"]["n"] == {"N": "1"}


# Transactions.


def test_a_transaction_with_the_same_token_is_done_once_within_ten_minutes(desk: Desk) -> None:
    for _ in range(2):
        assert desk.transact(add(1), ClientRequestToken="token") == {}
    desk.simulation.clock.advance(599)
    desk.transact(add(1), ClientRequestToken="token")
    assert desk.number() == {"N": "1"}
    desk.simulation.clock.advance(1)
    desk.transact(add(1), ClientRequestToken="token")
    assert desk.number() == {"N": "2"}


def test_a_token_is_for_one_transaction_only(desk: Desk) -> None:
    desk.transact(add(1), ClientRequestToken="token")
    assert desk.transact(add(2), ClientRequestToken="token") == MISMATCH
    assert desk.number() == {"N": "1"}


def test_a_token_of_a_transaction_that_was_cancelled_is_free(desk: Desk) -> None:
    wanted = {"Put": {"TableName": "table", "Item": key(), "ConditionExpression": "attribute_not_exists(pk)"}}
    desk.ask("PutItem", Item=key())
    assert desk.transact(wanted, ClientRequestToken="token").code == "TransactionCanceledException"
    desk.ask("DeleteItem", Key=key())
    assert desk.transact(wanted, ClientRequestToken="token") == {}


@pytest.mark.parametrize(("length", "expected"), [(36, {}), (37, INVALID), (0, INVALID)])
def test_a_token_has_1_to_36_characters(desk: Desk, length: int, expected: Any) -> None:
    assert desk.transact(add(1), ClientRequestToken="t" * length) == expected


def test_each_transaction_of_a_client_has_a_token_of_its_own(desk: Desk) -> None:
    desk.transact(add(1))
    desk.transact(add(1))
    assert desk.number() == {"N": "2"}


@pytest.mark.parametrize(("standing", "code"), [("8" * 38, None), ("9" * 38, "ValidationError")])
def test_a_sum_of_39_digits_cancels_the_transaction(desk: Desk, standing: str, code: str | None) -> None:
    # 10^38 alone would have one significant digit: it is the two that are added to 99…9 that need 39.
    desk.ask("PutItem", Item={**key(), "n": {"N": standing}})
    found = desk.transact(add(5, "other"), add(2))
    reasons = getattr(found, "reasons", [])
    assert [reason["Code"] for reason in reasons] == ([] if code is None else ["None", code])
    assert desk.number() == {"N": standing if code else str(int(standing) + 2)}


def test_a_transaction_holds_4_megabytes(desk: Desk) -> None:
    def puts(last: int) -> list[dict[str, Any]]:
        rooms = [*[400 * 1024] * 10, 96 * 1024 + last]
        items = [
            {**key(sort=f"{number:02}"), "x": {"S": "y" * (room - len("pkaskXXx"))}}
            for number, room in enumerate(rooms)
        ]
        return [{"Put": {"TableName": "table", "Item": item}} for item in items]

    assert desk.transact(*puts(0)) == {}
    assert desk.transact(*puts(1)) == INVALID


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"Put": {"TableName": "table", "Item": key()}, "Delete": {"TableName": "table", "Key": key("c")}},
        {"ConditionCheck": {"TableName": "table", "Key": key()}},
    ],
)
def test_an_action_is_one_of_four_and_whole(desk: Desk, action: dict[str, Any]) -> None:
    assert desk.transact(action) == INVALID


# Pages.


def test_a_page_ends_within_a_megabyte(desk: Desk) -> None:
    for number in range(6):
        item = {**key(sort=str(number)), "x": {"S": "y" * (256 * 1024 - len("pkaskXx"))}}
        desk.ask("PutItem", Item=item)
    query = {
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "a"}},
        "ProjectionExpression": "sk",
    }
    page = desk.ask("Query", **query)
    assert (len(page["Items"]), page["LastEvaluatedKey"]) == (4, key(sort="3"))
    page = desk.ask("Query", **query, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert (len(page["Items"]), page.get("LastEvaluatedKey")) == (2, None)


def test_a_page_that_ends_at_its_limit_names_its_last_item_even_if_none_follows(desk: Desk) -> None:
    desk.ask("PutItem", Item=key())
    for operation, more in (
        ("Scan", {}),
        ("Query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}),
    ):
        page = desk.ask(operation, ConsistentRead=True, Limit=1, **more)
        assert page["LastEvaluatedKey"] == key()
        page = desk.ask(operation, ConsistentRead=True, Limit=1, ExclusiveStartKey=key(), **more)
        assert (page.get("Items"), page["Count"]) == (None, 0)


def test_a_filter_leaves_out_what_was_read_all_the_same(desk: Desk) -> None:
    for number in range(4):
        desk.ask("PutItem", Item={**key(sort=str(number)), "n": {"N": str(number)}})
    page = desk.ask(
        "Scan",
        ConsistentRead=True,
        Limit=2,
        FilterExpression="n > :n",
        ExpressionAttributeValues={":n": {"N": "0"}},
    )
    assert (page["Count"], page["ScannedCount"]) == (1, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"KeyConditionExpression": "pk = :p AND sk BETWEEN :b AND :p"},
        {"KeyConditionExpression": "pk = :p AND sk <> :b"},
        {"KeyConditionExpression": "pk = :p AND pk = :b"},
        {"KeyConditionExpression": "pk = :p", "FilterExpression": "sk = :b"},
        {"KeyConditionExpression": "pk = :p AND sk = :b", "ExclusiveStartKey": key("other")},
        {"KeyConditionExpression": "pk = :p AND sk = :b", "Limit": 0},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    values = {":p": {"S": "a"}, ":b": {"S": "b"}}
    assert desk.ask("Query", ConsistentRead=True, ExpressionAttributeValues=values, **wrong) == INVALID


def test_a_batch_of_more_than_16_megabytes_is_answered_in_part(desk: Desk) -> None:
    keys = [key(sort=f"{number:02}") for number in range(42)]
    for each in keys:
        desk.ask("PutItem", Item={**each, "x": {"S": "y" * (400 * 1024 - len("pkaskXXx"))}})
    wanted: dict[str, Any] = {"table": {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "sk"}}
    found = []
    for expected in (40, 2):
        answer = asked(desk.client, "BatchGetItem", RequestItems=wanted)
        assert len(answer["Responses"]["table"]) == expected
        found += answer["Responses"]["table"]
        wanted = answer.get("UnprocessedKeys", {})
    assert not wanted
    assert sorted(item["sk"]["S"] for item in found) == [each["sk"]["S"] for each in keys]


# Time to live, capacity.


def test_items_expire_some_time_after_their_second_and_only_those_with_a_number(desk: Desk) -> None:
    table, clock = desk.simulation.dynamodb, desk.simulation.clock
    now = int(clock.now())
    desk.client.update_time_to_live(
        TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    for sort, value in (
        ("soon", {"N": str(now)}),
        ("later", {"N": str(now + 1)}),
        ("text", {"S": "1"}),
        ("ancient", {"N": str(now - 6 * 365 * 24 * 3600)}),
    ):
        desk.ask("PutItem", Item={**key(sort=sort), "expires": value})
    assert table.expire("table") == 0
    clock.advance(1)
    assert table.expire("table") == 1
    assert [item["sk"]["S"] for item in table.table("table").items()] == ["ancient", "later", "text"]


@pytest.mark.parametrize(("size", "units"), [(1024, 2), (1025, 4), (2048, 4)])
def test_a_write_in_a_transaction_costs_two_units_for_each_kilobyte(desk: Desk, size: int, units: int) -> None:
    item = {**key(), "x": {"S": "y" * (size - len("pkaskbx"))}}
    put = {"Put": {"TableName": "table", "Item": item}}
    reply = desk.client.transact_write_items(TransactItems=[put], ReturnConsumedCapacity="TOTAL")
    assert reply["ConsumedCapacity"] == [{"TableName": "table", "CapacityUnits": units}]


def test_sizes_are_those_by_which_the_program_reckons() -> None:
    item = {
        **key("é", "b"),
        "n": {"N": "-1234500"},
        "zero": {"N": "0"},
        "names": {"SS": ["ab", "é"]},
        "in": {"BOOL": True},
        "totals": {"M": {"2022-12": {"M": {"flows": {"N": "12"}}}}},
        "list": {"L": [{"S": "abc"}, {"NULL": True}]},
    }
    assert item_bytes(item) == write_units.item_bytes(item)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("ListTables", {}),
        ("GetItem", {"TableName": "table", "Key": key()}),
        ("GetItem", {"TableName": "table", "Key": key(), "ConsistentRead": True, "AttributesToGet": ["n"]}),
        ("PutItem", {"TableName": "table", "Item": {**key(), "b": {"B": b"x"}}}),
        ("PutItem", {"TableName": "table", "Item": key(), "ConditionExpression": "size(pk) > pk"}),
    ],
)
def test_what_is_not_simulated_is_said(desk: Desk, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="not simulated"):
        desk.client._make_api_call(operation, parameters)


def test_an_index_that_is_not_there_cannot_be_asked(desk: Desk) -> None:
    condition = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    assert desk.ask("Query", IndexName="ranks", **condition) == INVALID
