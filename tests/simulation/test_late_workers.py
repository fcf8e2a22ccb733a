"""A worker that is late with what it began: what others did meanwhile, and what people said, is not undone.

Each of these was found by a schedule; here, others come in between at the very call.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotagg.jobs.summarize import ON_CHANGE
from iotagg.pipeline import retract
from tests.cloud.desk import KEY, clean, in_memory
from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.backends import simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cloud.desk import Desk

OLD = csv(flow())
GROWN = OLD + flow(packets=2)
OTHER, THIRD = csv(flow(packets=50)), csv(flow(packets=70))
REPLACE, ADD = {ON_CHANGE: "replace"}, {ON_CHANGE: "add"}


@pytest.fixture
def desk() -> Desk:
    return in_memory(store=simulated(Path()).open())


def take_out(desk: Desk) -> None:
    retract(desk.cloud.store, "paris", KEY, desk.path().names)


def late_at(monkeypatch: pytest.MonkeyPatch, desk: Desk, call: str, meanwhile: Callable[[], object]) -> None:
    """Let others do something when a method of the store is called the next time, before it is."""
    store = desk.cloud.store
    method = getattr(store, call)

    def called(*given: object, **more: object) -> object:
        monkeypatch.setattr(store, call, method)
        meanwhile()
        return method(*given, **more)

    monkeypatch.setattr(store, call, called)


def held(desk: Desk) -> set[str]:
    return {name.content for name in desk.path().names}


def names(*contents: bytes) -> set[str]:
    return {contribution(content).head.name.content for content in contents}


@pytest.mark.parametrize("call", ["file", "readings", "floor", "keep", "keep_rejects", "move"])
def test_what_was_counted_and_retracted_meanwhile_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, call: str
) -> None:
    event = desk.put(OLD)

    def counted_and_retracted() -> None:
        desk.work(event)
        take_out(desk)

    late_at(monkeypatch, desk, call, counted_and_retracted)
    desk.work(event)
    assert held(desk) == set()
    assert desk.sums() == {}
    assert desk.left_pending() == []


@pytest.mark.parametrize("call", ["file", "readings", "floor", "keep", "keep_rejects", "move"])
def test_what_was_replaced_meanwhile_does_not_come_back(monkeypatch: pytest.MonkeyPatch, desk: Desk, call: str) -> None:
    event = desk.put(OLD)

    def replaced_and_added_to() -> None:
        desk.work(event)
        desk.work(desk.put(OTHER, metadata=REPLACE))
        desk.work(desk.put(THIRD, metadata=ADD))

    late_at(monkeypatch, desk, call, replaced_and_added_to)
    desk.work(event)
    assert held(desk) == names(OTHER, THIRD)
    assert desk.sums() == clean(OTHER, THIRD)


@pytest.mark.parametrize("call", ["file", "readings", "floor", "keep", "keep_rejects", "move"])
def test_a_file_that_grew_is_read_again_where_its_beginning_was_counted_meanwhile(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, call: str
) -> None:
    first, second = desk.put(OLD), desk.put(GROWN)
    late_at(monkeypatch, desk, call, lambda: desk.work(first))
    desk.work(second)
    assert held(desk) == names(GROWN)
    assert desk.sums() == clean(GROWN)


@pytest.mark.parametrize("call", ["readings", "advance"])
def test_a_retraction_is_remembered_though_a_revision_comes_late(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, call: str
) -> None:
    event = desk.put(OLD)
    late_at(monkeypatch, desk, "move", lambda: late_at(monkeypatch, desk, call, lambda: take_out(desk)))
    desk.work(event)
    assert held(desk) == set()
    assert desk.count(OLD).state == "refused"
    assert desk.sums() == {}
    assert desk.left_pending() == []


@pytest.mark.parametrize(("said", "stands"), [(REPLACE, (OTHER,)), (ADD, (OLD, OTHER)), ({}, (OLD,))])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_uploads_in_quick_succession_the_later_one_decides_in_either_order(
    desk: Desk, said: dict[str, str], stands: tuple[bytes, ...], order: tuple[int, int]
) -> None:
    events = desk.put(OLD), desk.put(OTHER, metadata=said)
    for place in order:
        desk.work(events[place])
    assert held(desk) == names(*stands)
    assert desk.sums() == clean(*stands)
