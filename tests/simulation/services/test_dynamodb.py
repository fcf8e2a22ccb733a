"""DynamoDB, simulated: the same requests as to the engine, answered alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cloud.engine import unique
from tests.examples import examples
from tests.simulation.services.both import INVALID, TABLE, Failed, asked, key, n, plain

if TYPE_CHECKING:
    from tests.simulation.services.both import Both

NINES = "9" * 38


# Items.


@pytest.mark.parametrize(
    "value",
    [
        n(1),
        n(NINES),
        n("1" + "0" * 125),
        n("1E-130"),
        n("1.50"),
        n("-0"),
        {"S": ""},
        {"SS": ["b", "a"]},
        {"NS": ["2", "10"]},
        {"L": [n(1), {"S": "a"}, {"M": {"x": n("1.50")}}]},
        {"NULL": True},
        {"BOOL": False},
    ],
)
def test_a_value_is_kept_as_the_engine_keeps_it(tables: Both, table: str, value: dict[str, Any]) -> None:
    tables("PutItem", TableName=table, Item={**key(), "value": value})
    assert tables("GetItem", TableName=table, Key=key(), ConsistentRead=True)


@pytest.mark.parametrize(
    "value", [n(f"{NINES}9"), n("1" + "0" * 126), n("1E-131"), n("abc"), n(""), {"SS": []}, {"SS": ["a", "a"]}]
)
def test_a_value_that_is_none_is_refused(tables: Both, table: str, value: dict[str, Any]) -> None:
    assert tables("PutItem", TableName=table, Item={**key(), "value": value}) == INVALID


@pytest.mark.parametrize("wrong", [key(""), key("a", ""), {"pk": {"S": "a"}}, {**key(), "sk": n(1)}])
def test_an_item_needs_its_key(tables: Both, table: str, wrong: dict[str, Any]) -> None:
    assert tables("PutItem", TableName=table, Item=wrong) == INVALID


@pytest.mark.parametrize("wrong", [{"pk": {"S": "a"}}, {**key(), "other": n(1)}])
def test_a_key_is_exact(tables: Both, table: str, wrong: dict[str, Any]) -> None:
    assert tables("GetItem", TableName=table, Key=wrong, ConsistentRead=True) == INVALID


def test_an_item_holds_400_kilobytes_and_not_a_byte_more(tables: Both, table: str) -> None:
    room = 400 * 1024 - len("pkaskbx")
    assert tables("PutItem", TableName=table, Item={**key(), "x": {"S": "y" * room}}) == {}
    assert tables("PutItem", TableName=table, Item={**key(), "x": {"S": "y" * (room + 1)}}) == INVALID


def test_a_table_that_is_not_there_is_not_found(tables: Both) -> None:
    missing = tables("GetItem", TableName=unique("missing"), Key=key(), ConsistentRead=True)
    assert missing == Failed("ResourceNotFoundException", 400)


def test_a_table_is_made_once(tables: Both, table: str) -> None:
    assert tables("CreateTable", TableName=table, **TABLE) == Failed("ResourceInUseException", 400)


# Updates.

UPDATES = [
    ("ADD n :v", n(1)),
    ("ADD missing :v", n(-5)),
    ("ADD n :v", n("0.5")),
    ("ADD big :v", n(1)),
    ("ADD n :v", {"SS": ["a"]}),
    ("ADD n :v", {"S": "a"}),
    ("ADD texts :v", {"SS": ["c", "a"]}),
    ("ADD missing :v", {"SS": ["c"]}),
    ("DELETE texts :v", {"SS": ["a", "z"]}),
    ("DELETE texts :v", {"SS": ["a", "b"]}),
    ("DELETE missing :v", {"SS": ["a"]}),
    ("DELETE n :v", {"SS": ["a"]}),
    ("DELETE n :v", n(1)),
    ("SET n = :v", n(NINES)),
    ("SET n = n + :v", n(1)),
    ("SET n = n - :v", n(-3)),
    ("SET n = big + :v", n(1)),
    ("SET copy = n, n = :v", n(9)),
    ("SET n = if_not_exists(n, :v), other = if_not_exists(other, :v)", n(7)),
    ("SET n = if_not_exists(missing, :v)", n(7)),
    ("SET n = missing + :v", n(7)),
    ("SET other = missing, n = :v", n(7)),
    ("SET n = :v REMOVE texts ADD big2 :v", n(7)),
    ("SET n = :v, n = :v", n(7)),
    ("SET n = :v REMOVE n", n(7)),
    ("SET n = :v SET m = :v", n(7)),
    ("SET pk = :v", {"S": "q"}),
    ("SET name = :v", n(7)),
    ("SET n = :w", n(7)),
    ("SET #n = :v", n(7)),
    ("SET n = :v, ", n(7)),
    ("SET n :v", n(7)),
    ("REMOVE n", n(7)),
    ("", n(7)),
    ("NONSENSE n :v", n(7)),
]


@pytest.mark.parametrize(("text", "value"), UPDATES)
def test_an_update_changes_what_it_says(tables: Both, table: str, text: str, value: dict[str, Any]) -> None:
    item = {**key(), "n": n(5), "big": n(NINES), "texts": {"SS": ["a", "b"]}}
    tables("PutItem", TableName=table, Item=item)
    for partition in ("a", "nobody"):
        tables(
            "UpdateItem",
            TableName=table,
            Key=key(partition),
            UpdateExpression=text,
            ExpressionAttributeValues={":v": value},
            ReturnValues="ALL_NEW",
        )
        tables("GetItem", TableName=table, Key=key(partition), ConsistentRead=True)


def test_an_update_without_any_change_makes_the_item(tables: Both, table: str) -> None:
    tables("UpdateItem", TableName=table, Key=key(), ReturnValues="ALL_NEW")
    tables("UpdateItem", TableName=table, Key=key("c"), UpdateExpression="REMOVE n", ReturnValues="ALL_NEW")
    assert tables("GetItem", TableName=table, Key=key("c"), ConsistentRead=True) == {"Item": key("c")}


# Conditions.

CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists (pk)",
    "attribute_exists(missing)",
    "n = :five",
    "n <> :five",
    "missing <> :five",
    "missing = :five",
    "NOT missing = :five",
    "missing < :five",
    "NOT missing < :five",
    "pk <> :five",
    "pk > :five",
    "n < :six AND n > :four",
    "n <= :five AND n >= :five",
    "n BETWEEN :four AND :six",
    "n BETWEEN :five AND :five",
    "n IN (:four, :five)",
    "n IN (:four, :six)",
    "pk IN (:a, :b)",
    "begins_with(pk, :a)",
    "begins_with(n, :a)",
    "begins_with(pk, :five)",
    "contains(texts, :a)",
    "contains(texts, :z)",
    "contains(pk, :a)",
    "contains(pk, :five)",
    "contains(members, :five)",
    "members[1].inner = :five",
    "members[7].inner = :five",
    "attribute_not_exists(pk) OR attribute_exists(n) AND n = :five",
    "(attribute_not_exists(pk) OR attribute_exists(n)) AND n = :six",
    "NOT (n = :five AND pk = :a)",
    "NOT n = :five OR pk = :a",
    "not n = :five and pk = :a",
    "n = pk",
    "n = n",
    "n = ",
    "n = :five )",
    "n = :five AND",
    "name = :five",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_holds_where_it_does_for_the_engine(tables: Both, table: str, text: str) -> None:
    item = {**key(), "n": n(5), "texts": {"SS": ["a", "b"]}, "members": {"L": [n(5), {"M": {"inner": n("5.0")}}]}}
    known = {":four": n(4), ":five": n("5.0"), ":six": n(6), ":a": {"S": "a"}, ":b": {"S": "b"}, ":z": {"S": "z"}}
    values = {name: value for name, value in known.items() if name in text}
    tables("PutItem", TableName=table, Item=item)
    given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
    tables("DeleteItem", TableName=table, Key=key(), ConditionExpression=text, ReturnValues="ALL_OLD", **given)
    tables("DeleteItem", TableName=table, Key=key("nobody"), ConditionExpression=text, **given)
    tables("GetItem", TableName=table, Key=key(), ConsistentRead=True)


@pytest.mark.parametrize(
    "given",
    [
        {"ExpressionAttributeValues": {":v": n(1), ":unused": n(1)}},
        {"ExpressionAttributeValues": {":other": n(1)}},
        {},
        {"ExpressionAttributeValues": {":v": n(1)}, "ExpressionAttributeNames": {"#unused": "n"}},
    ],
)
def test_names_and_values_are_those_of_the_expressions(tables: Both, table: str, given: dict[str, Any]) -> None:
    found = tables("PutItem", TableName=table, Item=key(), ConditionExpression="n = :v", **given)
    assert found == INVALID


# Queries.

RANGES = [
    "pk = :p",
    "pk = :p AND sk = :a",
    "pk = :p AND sk < :a",
    "pk = :p AND sk <= :a",
    "pk = :p AND sk > :a",
    "pk = :p AND sk >= :a",
    "pk = :p AND sk BETWEEN :a AND :b",
    "(pk = :p AND begins_with (sk, :a))",
    "sk = :a AND pk = :p",
    "pk > :p",
    "sk = :a",
    "pk = :p OR sk = :a",
]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("text", RANGES)
def test_a_query_finds_what_the_engine_finds_in_its_order(tables: Both, table: str, text: str, forward: bool) -> None:
    for sort in ("1", "10", "2", "20", "é", "z", "\U0001f600", "\uffee"):
        tables("PutItem", TableName=table, Item={**key("p", sort), "n": n(len(sort))})
    tables("PutItem", TableName=table, Item=key("q", "1"))
    known = {":p": {"S": "p"}, ":a": {"S": "1"}, ":b": {"S": "20"}}
    values = {name: value for name, value in known.items() if name in text}
    query: dict[str, Any] = {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": text,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": forward,
    }
    tables("Query", **query)
    tables("Query", **query, ExclusiveStartKey=key("p", "1"))
    tables("Query", **query, FilterExpression="n = n", ProjectionExpression="sk")
    expected, found = (asked(client, "Query", **query, Limit=1) for client in (tables.engine, tables.simulated))
    if isinstance(expected, dict):
        expected = {"LastEvaluatedKey": found.get("LastEvaluatedKey"), **expected}  # none at the end, unlike AWS
    assert plain(found) == plain(expected)


_SEGMENTS: list[list[dict[str, int]]] = [[{}], [{"Segment": number, "TotalSegments": 2} for number in range(2)]]


def test_a_scan_in_pages_and_segments_finds_everything_once(tables: Both, table: str) -> None:
    for number in range(30):
        tables("PutItem", TableName=table, Item={**key(f"p{number % 7}", str(number)), "n": n(number)})
    for client in (tables.engine, tables.simulated):
        for segments in _SEGMENTS:
            found = [
                item["sk"]["S"]
                for segment in segments
                for page in client.get_paginator("scan").paginate(
                    TableName=table,
                    ConsistentRead=True,
                    FilterExpression="n >= :n",
                    ExpressionAttributeValues={":n": n(3)},
                    PaginationConfig={"PageSize": 4},
                    **segment,
                )
                for item in page["Items"]
            ]
            assert sorted(found, key=int) == [str(number) for number in range(3, 30)]


def test_a_batch_finds_what_is_there(tables: Both, table: str) -> None:
    tables("PutItem", TableName=table, Item={**key(), "n": n(1)})
    wanted = {"Keys": [key(), key("nobody")], "ConsistentRead": True, "ProjectionExpression": "sk"}
    assert tables("BatchGetItem", RequestItems={table: wanted}) == {"Responses": {table: [{"sk": {"S": "b"}}]}}


@pytest.mark.parametrize("keys", [[], [key(), key()], [key("a", str(number)) for number in range(101)]])
def test_a_batch_asks_for_1_to_100_items_each_once(tables: Both, table: str, keys: list[Any]) -> None:
    assert tables("BatchGetItem", RequestItems={table: {"Keys": keys, "ConsistentRead": True}}) == INVALID


# Transactions.


def put(table: str, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item, **more}}


def test_a_transaction_takes_1_to_100_items_each_once(tables: Both, table: str) -> None:
    items = [put(table, key("t", str(number))) for number in range(101)]
    assert tables("TransactWriteItems", TransactItems=[]) == INVALID
    assert tables("TransactWriteItems", TransactItems=items[:100]) == {}
    assert tables("TransactWriteItems", TransactItems=items) == INVALID
    assert tables("TransactWriteItems", TransactItems=[items[0], items[0]]) == INVALID


def test_a_cancelled_transaction_does_nothing_and_says_why(tables: Both, table: str) -> None:
    tables("PutItem", TableName=table, Item={**key("there"), "n": n(NINES)})
    is_new = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    is_there = {"ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    add = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": n(1)}}
    found = tables(
        "TransactWriteItems",
        TransactItems=[
            put(table, key("other")),
            put(table, key("there"), **is_new),
            {"ConditionCheck": {"TableName": table, "Key": key("nobody"), **is_there}},
            {"Update": {"TableName": table, "Key": key("new"), **add}},
            {"Delete": {"TableName": table, "Key": key("there", "too"), "ConditionExpression": "n = n"}},
        ],
    )
    reasons = ["None", "ConditionalCheckFailed", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"]
    assert [reason["Code"] for reason in found.reasons] == reasons
    assert [reason.get("Item", {}).get("n") for reason in found.reasons] == [None, n(NINES), None, None, None]
    assert tables("GetItem", TableName=table, Key=key("other"), ConsistentRead=True) == {}


# Any sequence of writes.

_KEYS = st.sampled_from(["1", "2", "3"])
_NUMBERS = st.sampled_from(["0", "1", "-1", "7.25", "99999999999999999999999999999999999999", "1E60"])
_SETS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True)
_TEXTS = st.sampled_from(
    [
        "ADD n :n",
        "SET n = :n",
        "SET m = n",
        "SET n = n - :n",
        "REMOVE n",
        "ADD s :s",
        "DELETE s :s",
        "SET s = :s ADD n :n",
        "REMOVE m ADD n :n, k :n",
        "SET m = if_not_exists(n, :n)",
    ]
)
_HOLDS = st.sampled_from(
    [
        "",
        "",
        "attribute_exists(pk)",
        "attribute_not_exists(n)",
        "n < :n",
        "n = :n OR attribute_exists(s)",
        "contains(s, :a)",
        "m <> :n AND NOT n >= :n",
    ]
)


@st.composite
def writes(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["Update", "Update", "Update", "Put", "Delete", "ConditionCheck"]))
    holds = draw(_HOLDS) or ("attribute_exists(pk)" if kind == "ConditionCheck" else "")
    text = draw(_TEXTS) if kind == "Update" else ""
    values = {":n": n(draw(_NUMBERS)), ":s": {"SS": draw(_SETS)}, ":a": {"S": "a"}}
    request: dict[str, Any] = {"Item" if kind == "Put" else "Key": {"sk": {"S": draw(_KEYS)}}}
    if kind == "Put":
        request["Item"] |= {"n": values[":n"]}
    request |= {"UpdateExpression": text} if text else {}
    request |= {"ConditionExpression": holds} if holds else {}
    used = {name: value for name, value in values.items() if name in f"{text} {holds}"}
    return {kind: request | ({"ExpressionAttributeValues": used} if used else {})}


@given(st.lists(st.lists(writes(), min_size=1, max_size=3), min_size=1, max_size=12))
@settings(
    max_examples=examples(120),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_sequence_of_writes_leaves_what_it_leaves_in_the_engine(
    tables: Both, table: str, story: list[list[dict[str, Any]]]
) -> None:
    partition = {"pk": {"S": unique("story")}}
    for together in story:
        items = [_located(write, table, partition) for write in together]
        (kind, alone) = next(iter(items[0].items()))
        if len(items) == 1 and kind != "ConditionCheck":
            tables(f"{kind}Item", **alone, ReturnValues="ALL_OLD")
        else:
            _transacted(tables, items)
    tables(
        "Query",
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": partition["pk"]},
    )


def _located(write: dict[str, Any], table: str, partition: dict[str, Any]) -> dict[str, Any]:
    ((kind, request),) = write.items()
    place = "Item" if kind == "Put" else "Key"
    return {kind: {**request, "TableName": table, place: {**partition, **request[place]}}}


def _transacted(tables: Both, items: list[dict[str, Any]]) -> None:
    # Where a number or a type does not fit, the engine refuses the request, and AWS names it among the reasons.
    expected = asked(tables.engine, "TransactWriteItems", TransactItems=items)
    found = asked(tables.simulated, "TransactWriteItems", TransactItems=items)
    if isinstance(found, Failed) and any(reason["Code"] == "ValidationError" for reason in found.reasons):
        assert isinstance(expected, Failed)
    else:
        assert found == expected, items
