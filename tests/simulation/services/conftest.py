"""The services of the engine and of the simulation, side by side."""

from __future__ import annotations

import pytest

from tests.cloud.engine import unique
from tests.simulation.services.both import TABLE, Both, Simulation


@pytest.fixture
def simulation() -> Simulation:
    return Simulation()


@pytest.fixture
def tables(aws: str) -> Both:
    return Both(aws, lambda clients: clients.dynamodb)


@pytest.fixture
def table(tables: Both) -> str:
    name = unique("table")
    for client in (tables.engine, tables.simulated):
        client.create_table(TableName=name, **TABLE)
    return name
