"""The index of what is largest, simulated: read as the engine's is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.engine import unique
from tests.simulation.services.both import INVALID, TABLE, Failed, asked, key, n

if TYPE_CHECKING:
    from tests.simulation.services.both import Both

RANKS: dict[str, Any] = {
    **TABLE,
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "at", "rank")],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "ranks",
            "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
NAMES = {"#at": "at", "#rank": "rank"}


@pytest.fixture
def ranked(tables: Both) -> str:
    name = unique("ranked")
    for client in (tables.engine, tables.simulated):
        client.create_table(TableName=name, **RANKS)
    return name


def in_index(table: str, prefix: str = "0", **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": "ranks",
        "KeyConditionExpression": "#at = :at AND begins_with(#rank, :prefix)",
        "ExpressionAttributeNames": NAMES,
        "ExpressionAttributeValues": {":at": {"S": "paris"}, ":prefix": {"S": prefix}},
        **more,
    }


def rank_it(tables: Both, table: str, number: int, rank: str, flows: int = 1) -> Any:
    return tables(
        "UpdateItem",
        TableName=table,
        Key=key(f"p{number}"),
        UpdateExpression="SET #at = :at, #rank = :rank" if rank else "REMOVE #at, #rank",
        ConditionExpression="attribute_exists(pk) AND flows = :flows AND (attribute_not_exists(dur) OR dur = :zero)",
        ExpressionAttributeNames=NAMES,
        ExpressionAttributeValues={
            ":flows": n(flows),
            ":zero": n(0),
            **({":at": {"S": "paris"}, ":rank": {"S": rank}} if rank else {}),
        },
    )


def test_an_index_has_the_items_that_have_its_keys_in_their_order(tables: Both, ranked: str) -> None:
    for number in range(6):
        tables("PutItem", TableName=ranked, Item={**key(f"p{number}"), "flows": n(1), "dur": n(0)})
        rank_it(tables, ranked, number, f"0{number % 2}.d{number:02}")
    for more in ({}, {"ScanIndexForward": False}, {"prefix": "01"}, {"prefix": "1"}):
        tables("Query", **in_index(ranked, **more))
    tables("Query", **{**in_index(ranked), "ExpressionAttributeValues": {":at": {"S": "tokyo"}, ":prefix": {"S": "0"}}})
    rank_it(tables, ranked, 1, "00.d99")
    rank_it(tables, ranked, 2, "")
    assert rank_it(tables, ranked, 3, "11.", flows=2) == Failed("ConditionalCheckFailedException", 400)
    assert rank_it(tables, ranked, 9, "") == Failed("ConditionalCheckFailedException", 400)
    tables("DeleteItem", TableName=ranked, Key=key("p4"))
    answer = tables("Query", **in_index(ranked))
    assert [item["pk"]["S"] for item in answer["Items"]] == ["p0", "p1", "p3", "p5"]


@pytest.mark.parametrize("forward", [True, False])
def test_an_index_is_read_in_pages_also_where_ranks_are_equal(tables: Both, ranked: str, forward: bool) -> None:
    for number in range(7):
        tables("PutItem", TableName=ranked, Item={**key(f"p{number}"), "flows": n(1)})
        rank_it(tables, ranked, number, f"00.d0{number // 4}")
    for client in (tables.engine, tables.simulated):
        request = in_index(ranked, Limit=3, ScanIndexForward=forward)
        found: list[tuple[str, str]] = []
        while True:
            answer = asked(client, "Query", **request)
            found += [(item["rank"]["S"], item["pk"]["S"]) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        assert [rank for rank, _ in found] == sorted([rank for rank, _ in found], reverse=not forward)
        assert sorted(found) == [(f"00.d0{number // 4}", f"p{number}") for number in range(7)]


def test_an_index_is_not_read_consistently(tables: Both, ranked: str) -> None:
    assert tables("Query", **in_index(ranked, ConsistentRead=True)) == INVALID
