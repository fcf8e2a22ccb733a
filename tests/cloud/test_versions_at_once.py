"""Two workers that read two versions of one object at once: what has grown never counts beside what it grew from."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.contribution import read_chunk
from iotagg.jobs.summarize import summarize_message
from iotagg.stores.dynamodb.store import DynamoStore
from tests.cloud.faults import wire_to
from tests.cloud.scenario import PARIS, V1, V2, World, deployed
from tests.pipeline.csvs import contribution, everything, shown

if TYPE_CHECKING:
    from iotagg.core.ledger import Move
    from iotagg.jobs.cloud import Cloud

KEY = f"{PARIS}/flows.csv"
SOON_SECONDS = 20


@pytest.fixture
def world(endpoint: str) -> World:
    wire = wire_to(endpoint)
    wire.begin()
    return World(deployed(wire.clients), wire)


class Paused(DynamoStore):
    """A store whose user stops before or after its first move, until it may go on."""

    def __init__(self, world: World, *, before: bool) -> None:
        store: Any = world.cloud.store
        super().__init__(world.wire.clients, store._table.name, world.cloud.bucket.name)
        self._pauses_before = before
        self._paused = False
        self.is_there = threading.Event()
        self.may_go_on = threading.Event()

    def move(self, site: str, move: Move) -> bool:
        if self._paused:
            return super().move(site, move)
        self._paused = True
        if self._pauses_before:
            self._pause()
        moved = super().move(site, move)
        if not self._pauses_before:
            self._pause()
        return moved

    def _pause(self) -> None:
        self.is_there.set()
        assert self.may_go_on.wait(SOON_SECONDS)


def two_messages(world: World) -> list[str]:
    """Upload both versions; return what the queue says of the first and of the second."""
    bodies = []
    for content in (V1, V2):
        world.put({KEY: content})
        (message,) = world.cloud.files.receive(wait_seconds=0)
        world.cloud.files.done(message)
        bodies.append(message.body)
    return bodies


def counted(world: World) -> Any:
    world.work()
    world.sweep_up()
    world.work()
    return everything(world.cloud.store)


def once(content: bytes) -> Any:
    rows = [row for member in contribution(content).members for row in read_chunk(member)]
    return {"paris": sorted(shown(rows))}


@pytest.mark.parametrize("before", [True, False], ids=["before it moves", "after it moved"])
@pytest.mark.parametrize("paused", [0, 1], ids=["the first version", "the second version"])
def test_of_two_versions_that_are_read_at_once_the_longer_one_counts(world: World, paused: int, before: bool) -> None:
    bodies = two_messages(world)
    store = Paused(world, before=before)
    slow: Cloud = replace(world.cloud, store=store)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(summarize_message, slow, bodies[paused])
        try:
            assert store.is_there.wait(SOON_SECONDS)
            summarize_message(world.cloud, bodies[1 - paused])
        finally:
            store.may_go_on.set()
        working.result(SOON_SECONDS)
    assert counted(world) == once(V2)


@pytest.mark.parametrize("before", [True, False], ids=["before it moves", "after it moved"])
@pytest.mark.parametrize("paused", [0, 1], ids=["the first version", "the second version"])
def test_the_other_version_may_be_consolidated_meanwhile(world: World, paused: int, before: bool) -> None:
    bodies = two_messages(world)
    store = Paused(world, before=before)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(summarize_message, replace(world.cloud, store=store), bodies[paused])
        try:
            assert store.is_there.wait(SOON_SECONDS)
            summarize_message(world.cloud, bodies[1 - paused])
            world.work()
        finally:
            store.may_go_on.set()
        working.result(SOON_SECONDS)
    assert counted(world) == once(V2)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1, 1)])
def test_versions_may_come_in_any_order_and_more_than_once(world: World, order: tuple[int, ...]) -> None:
    bodies = two_messages(world)
    for which in order:
        summarize_message(world.cloud, bodies[which])
    assert counted(world) == once(V2)


def test_a_worker_that_ends_before_it_moves_leaves_everything_to_the_next(world: World) -> None:
    first, second = two_messages(world)
    summarize_message(world.cloud, first)
    store = Paused(world, before=True)
    store.may_go_on.wait = lambda _: False  # type: ignore[method-assign, misc, assignment]  # it never may
    with pytest.raises(AssertionError):
        summarize_message(replace(world.cloud, store=store), second)
    assert counted(world) == once(V2)


def test_a_worker_that_ends_after_it_moved_leaves_the_rest_to_the_sweep(world: World) -> None:
    first, second = two_messages(world)
    summarize_message(world.cloud, first)
    store = Paused(world, before=False)
    store.may_go_on.wait = lambda _: False  # type: ignore[method-assign, misc, assignment]  # it never may
    with pytest.raises(AssertionError):
        summarize_message(replace(world.cloud, store=store), second)
    assert counted(world) == once(V2)
