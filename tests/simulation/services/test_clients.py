"""The simulated clients: botocore's own, but for the wire; and the clock."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.stores.dynamodb.table import bound
from tests.simulation.services import clients as made
from tests.simulation.services.both import TABLE, Simulation
from tests.simulation.services.clients import simulated_clients
from tests.simulation.services.clock import BEGINNING, Clock

if TYPE_CHECKING:
    from collections.abc import Callable


def noting(calls: list[tuple[str, str, dict[str, Any]]]) -> Callable[[str, str, dict[str, Any]], dict[str, Any]]:
    def call(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        calls.append((service, operation, parameters))
        return {"answer": len(calls)}

    return call


def test_each_client_names_its_service_and_operation() -> None:
    calls: list[Any] = []
    clients = simulated_clients(noting(calls))
    assert dict(clients.s3.get_object(Bucket="b", Key="k")) == {"answer": 1}
    clients.sqs.receive_message(QueueUrl="q")
    clients.dynamodb.delete_item(TableName="t", Key={})
    assert calls == [
        ("s3", "GetObject", {"Bucket": "b", "Key": "k"}),
        ("sqs", "ReceiveMessage", {"QueueUrl": "q"}),
        ("dynamodb", "DeleteItem", {"TableName": "t", "Key": {}}),
    ]


def test_two_sets_of_clients_know_nothing_of_each_other() -> None:
    calls: tuple[list[Any], list[Any]] = ([], [])
    first, second = (simulated_clients(noting(each)) for each in calls)
    first.s3.head_bucket(Bucket="first")
    second.s3.head_bucket(Bucket="second")
    assert [[parameters["Bucket"] for _, _, parameters in each] for each in calls] == [["first"], ["second"]]


def test_a_transaction_gets_a_token_unless_it_has_one() -> None:
    calls: list[Any] = []
    clients = simulated_clients(noting(calls))
    clients.dynamodb.transact_write_items(TransactItems=[])
    clients.dynamodb.transact_write_items(TransactItems=[], ClientRequestToken="mine")
    clients.dynamodb.transact_write_items(TransactItems=[])
    assert [parameters["ClientRequestToken"] for _, _, parameters in calls] == ["token-1", "mine", "token-2"]


def test_the_models_of_the_store_use_them_as_they_are(simulation: Simulation) -> None:
    simulation.clients.dynamodb.create_table(TableName="table", **TABLE)
    table = bound("table", simulation.clients.dynamodb)
    table.sites("SITES", "paris").save()
    assert [item.sk for item in table.sites.query("SITES", consistent_read=True)] == ["paris"]


def test_they_are_made_without_a_network_and_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any) -> None:
        raise AssertionError("somebody wants to use the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    made._made.cache_clear()
    Simulation().clients.dynamodb.create_table(TableName="table", **TABLE)
    assert (os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_PROFILE"]) == ("nonsense", "nobody")


def test_a_clock_moves_when_it_is_told_to_and_never_back() -> None:
    clock = Clock()
    assert (clock.now(), clock.now()) == (BEGINNING, BEGINNING)
    clock.advance(1.5)
    assert clock.moment().isoformat() == "2023-01-01T00:00:01.500000+00:00"
    clock.set(clock.now())
    with pytest.raises(ValueError, match="is over"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="is over"):
        clock.set(BEGINNING)
