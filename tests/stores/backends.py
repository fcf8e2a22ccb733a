"""The stores that the conformance suite runs over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from iotagg.aws.clients import connect
from iotagg.aws.provision import provision_store
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.cloud.engine import unique
from tests.simulation.services.clients import REGION, simulated_clients
from tests.simulation.services.clock import Clock
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from iotagg.aws.clients import Clients
    from iotagg.stores.protocol import Store


@dataclass(frozen=True)
class Backend:
    """A kind of store with its own, empty data.

    `open` gives a further handle on the same data. Where other processes can open it too, `shared` is set and `open`
    can be pickled; where several writes can be made visible together, `transactional` is set.
    """

    open: Callable[[], Store]
    shared: bool
    transactional: bool


def memory(_: Path) -> Backend:
    """Return the store in memory: every handle is the same store."""
    store = MemoryStore()
    return Backend(lambda: store, shared=False, transactional=True)


def sqlite(folder: Path) -> Backend:
    """Return the store in one SQLite file."""
    return Backend(partial(SqliteStore, folder / "store.db"), shared=True, transactional=True)


def dynamodb(folder: Path) -> Backend:
    """Return the store in a DynamoDB table and a bucket, on the engine that the environment names."""
    table, region = unique("store"), os.environ["AWS_DEFAULT_REGION"]
    bucket = provision_store(clients(os.environ["AWS_ENDPOINT_URL"]), table, region=region)
    return Backend(partial(open_dynamodb, table, bucket), shared=True, transactional=False)


def open_dynamodb(table: str, bucket: str) -> Store:
    """Open the store of a deployment."""
    return DynamoStore(clients(os.environ["AWS_ENDPOINT_URL"]), table, bucket)


def simulated(_: Path) -> Backend:
    """Return the store on AWS, over the services that the simulation has: for what holds with them, and for them."""
    clock = Clock()
    services = {"dynamodb": SimulatedDynamoDB(clock), "s3": SimulatedS3(clock, str)}
    made = simulated_clients(lambda service, operation, parameters: services[service].call(operation, parameters))
    bucket = provision_store(made, "iotagg", region=REGION)
    return Backend(lambda: DynamoStore(made, "iotagg", bucket), shared=False, transactional=False)


@cache
def clients(_: str) -> Clients:
    """Return the clients of this process for an engine: making them takes longer than most tests."""
    return connect()


BACKENDS = {"memory": memory, "sqlite": sqlite, "dynamodb": dynamodb, "simulated": simulated}
# What leans on no more than the promises of a store, which all of these keep (tests/stores), is asked of the engine
# by hands alone: the simulated services answer as it does, request by request (simulation/services).
WITHOUT_ENGINE = [name for name in BACKENDS if name != "dynamodb"]


def backend_of(request: pytest.FixtureRequest, folder: Path) -> Backend:
    """Return the backend of the kind that a test is run with; only those on AWS need the engine."""
    if request.param == "dynamodb":
        request.getfixturevalue("aws")
    return BACKENDS[request.param](folder)
