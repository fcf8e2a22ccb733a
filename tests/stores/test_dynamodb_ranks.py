"""Ranks in the table: what is asked again, what is asked together, and what a damaged item is taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.patience import Patience
from iotagg.aws.provision import provision_store
from iotagg.core.allowances import allowance_of
from iotagg.core.ranks import Rank
from iotagg.errors import CloudBusy, CloudError, Damaged
from iotagg.stores.dynamodb.floor import Floor
from iotagg.stores.dynamodb.lookups import Lookups
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import bound
from tests.simulation.services.both import Simulation
from tests.simulation.services.clients import REGION
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from iotagg.aws.clients import Clients

MONTH = "2022-12"
RANK = Rank(stands_out=True, steady=False, sizes=(5, 4, 3, 2))
KEY: Any = {"pk": {"S": "P#paris#192.168.1.7"}, "sk": {"S": f"192.0.2.1#{MONTH}"}}


@pytest.fixture
def simulation() -> Simulation:
    made = Simulation()
    provision_store(made.clients, "iotagg", region=REGION)
    return made


@pytest.fixture
def clients(simulation: Simulation) -> Clients:
    return simulation.clients


def opened(clients: Clients, **options: Any) -> DynamoStore:
    return DynamoStore(clients, "iotagg", "iotagg-files", **options)


@pytest.fixture
def store(clients: Clients) -> DynamoStore:
    made = opened(clients)
    made.apply(name_of(1), 1, 0, [pair_month("192.168.1.7")])
    return made


class Stingy:
    """A client that reads a few keys of those it is asked for, as DynamoDB does when it is asked too much."""

    def __init__(self, client: Any, most: int) -> None:
        self._client = client
        self._most = most
        self.asked: list[int] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 (the name that AWS gave it)
        ((table, request),) = RequestItems.items()
        keys, left = request["Keys"][: self._most], request["Keys"][self._most :]
        self.asked.append(len(request["Keys"]))
        answer: Any = {"Responses": {}}
        if keys:
            answer = self._client.batch_get_item(RequestItems={table: {**request, "Keys": keys}})
        return {**answer, "UnprocessedKeys": {table: {**request, "Keys": left}} if left else {}}


def lookups(clients: Clients, most: int) -> tuple[Lookups, Stingy]:
    client: Any = Stingy(clients.dynamodb, most)
    patience = Patience(sleep=lambda _: None)
    floor = Floor(bound("iotagg", clients.dynamodb), 0)
    return Lookups(client, "iotagg", patience, floor), client


def test_keys_that_were_not_read_are_asked_for_again(clients: Clients, store: DynamoStore) -> None:
    months = [pair_month(f"192.168.2.{number}") for number in range(90)]
    store.apply(name_of(2), 1, 0, months)
    found, client = lookups(clients, 40)
    keys = [(row.source, row.destination, row.month) for row in months]
    assert sorted(row.source for row in found.several_months("paris", keys)) == sorted(row.source for row in months)
    assert client.asked == [90, 50, 10]


def test_what_is_never_read_is_given_up_on(clients: Clients) -> None:
    found, client = lookups(clients, 0)
    with pytest.raises(CloudBusy, match="table iotagg: it is asked too much at once, and it lasted; try later"):
        list(found.several_months("paris", [("192.168.1.7", "192.0.2.1", MONTH)]))
    assert len(client.asked) == Patience().attempts


def test_who_wants_the_first_ranks_pays_for_a_page_of_each_kind_and_no_more(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(simulation.clients)
    months = [pair_month(f"192.168.{number // 200}.{number % 200}") for number in range(600)]
    for start in range(0, 600, 90):
        store.apply(name_of(2), 1, start, months[start : start + 90])
    for row in months:
        assert store.put_rank("paris", row, RANK)
    asked: list[str] = []
    call = simulation.dynamodb.call

    def noted(operation: str, parameters: Any) -> Any:
        asked.append(operation)
        return call(operation, parameters)

    monkeypatch.setattr(simulation.dynamodb, "call", noted)
    assert next(store.ranks("paris", MONTH))[2] == RANK
    assert asked.count("Query") == 4
    assert len(list(store.ranks("paris", MONTH, stands_out=True, steady=False))) == 600


def test_a_rank_is_a_write_of_its_own_that_is_counted(store: DynamoStore) -> None:
    row = pair_month("192.168.1.7")
    assert store.put_rank("paris", row, RANK)
    assert store.put_rank("paris", row.with_sums({"flows": 7}), RANK) is False
    assert store.meter.counts["rank_writes"] == 1
    assert store.meter.counts["rank_write_units"] >= 1


def test_a_rank_lies_in_two_attributes_and_goes_with_both(clients: Clients, store: DynamoStore) -> None:
    def attributes() -> dict[str, Any]:
        item = clients.dynamodb.get_item(TableName="iotagg", Key=KEY, ConsistentRead=True)["Item"]
        return {name: value for name, value in item.items() if name in {"at", "rank"}}

    row = pair_month("192.168.1.7")
    store.put_rank("paris", row, RANK)
    assert attributes() == {"at": {"S": f"paris#{MONTH}"}, "rank": {"S": "10.d05p04f03u02n00"}}
    store.put_rank("paris", row, None)
    assert attributes() == {}


def test_taking_a_rank_from_what_is_not_there_makes_no_item(clients: Clients, store: DynamoStore) -> None:
    nothing = pair_month("192.168.1.8").with_sums({})
    assert store.put_rank("paris", nothing, None) is True
    assert len(clients.dynamodb.scan(TableName="iotagg", ConsistentRead=True)["Items"]) == 2  # a marker and a pair


@pytest.mark.parametrize("rank", [{"S": "nonsense"}, {"N": "7"}])
def test_a_rank_that_is_none_is_looked_at_and_replaced(
    clients: Clients, store: DynamoStore, rank: dict[str, str]
) -> None:
    names = {"#rank": "rank"}
    clients.dynamodb.update_item(
        TableName="iotagg",
        Key=KEY,
        UpdateExpression="SET #rank = :rank",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={":rank": rank},
    )
    ((row, found),) = store.ranked_months("paris", "192.168.1.7", "192.0.2.1")
    assert found is not None
    assert found.stands_out
    assert found.steady
    assert list(store.held()) != []
    assert store.put_rank("paris", row, RANK)
    assert [each for *_, each in store.ranks("paris", MONTH)] == [RANK]


def test_marks_expire_with_their_month(clients: Clients) -> None:
    store = opened(clients, retention_months=12, clock=lambda: 1_670_000_000.0)
    store.mark_device("paris", MONTH, "192.168.1.7", frozenset({"06"}))
    (item,) = clients.dynamodb.scan(TableName="iotagg", ConsistentRead=True)["Items"]
    assert item == {
        "pk": {"S": f"D#paris#{MONTH}"},
        "sk": {"S": "192.168.1.7"},
        "days": {"SS": ["06"]},
        "expires": {"N": "1704067200"},
    }


@pytest.mark.parametrize("part", ["source", "note"])
def test_an_allowance_that_somebody_changed_is_damaged(clients: Clients, store: DynamoStore, part: str) -> None:
    one = allowance_of(source="192.168.1.7", note="the new backup")
    store.allow(one)
    for change in ({"S": "192.168.1.8"}, {"N": "7"}):
        clients.dynamodb.update_item(
            TableName="iotagg",
            Key={"pk": {"S": "ALLOW"}, "sk": {"S": one.id}},
            UpdateExpression="SET #part = :value",
            ExpressionAttributeNames={"#part": part},
            ExpressionAttributeValues={":value": change},
        )
        with pytest.raises(Damaged, match=f"the allow list is damaged: '{one.id}' is not what was allowed"):
            store.allowances()
    assert store.disallow(one.id)
    assert store.allowances() == []


def test_where_the_index_is_missing_it_is_said(clients: Clients, store: DynamoStore) -> None:
    clients.dynamodb.delete_table(TableName="iotagg")
    with pytest.raises(CloudError):
        list(store.ranks("paris", MONTH))
