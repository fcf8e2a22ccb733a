"""A furnished store of each kind, anew for every test."""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from iotagg.aws.provision import provision_store
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.sqlite import SqliteStore
from tests.damage.furnishing import furnish
from tests.damage.raw import Database
from tests.damage.raw_cloud import Deployment
from tests.simulation.services.both import Simulation
from tests.simulation.services.clients import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iotagg.stores.protocol import Store
    from tests.damage.raw import Raw


@dataclass
class Place:
    """A store, and what lies beneath it."""

    store: Store
    raw: Raw


@pytest.fixture(scope="session")
def furnished_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    store = SqliteStore(folder / "iotagg.db")
    furnish(store, folder / "flows")
    store.seal()
    return folder / "iotagg.db"


@pytest.fixture
def local_places(furnished_file: Path, tmp_path: Path) -> Iterator[Callable[[], Place]]:
    opened: list[SqliteStore] = []

    def place() -> Place:
        file = tmp_path / f"{len(opened)}.db"
        shutil.copyfile(furnished_file, file)
        opened.append(SqliteStore(file))
        return Place(opened[-1], Database(file))

    yield place
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def furnished_services(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    services = Simulation()
    bucket = provision_store(services.clients, "iotagg", region=REGION)
    furnish(DynamoStore(services.clients, "iotagg", bucket), tmp_path_factory.mktemp("furnished"))
    return services


@pytest.fixture
def cloud_places(furnished_services: Simulation) -> Callable[[], Place]:
    def place() -> Place:
        services = Simulation()
        services.dynamodb.tables = copy.deepcopy(furnished_services.dynamodb.tables)
        services.s3.buckets = copy.deepcopy(furnished_services.s3.buckets)
        return Place(
            DynamoStore(services.clients, "iotagg", "iotagg-files"),
            Deployment(services.clients, "iotagg", "iotagg-files"),
        )

    return place
