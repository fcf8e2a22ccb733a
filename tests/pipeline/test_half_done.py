"""What somebody left half done is finished by the next who comes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.ledger import Move, next_revision
from iotagg.errors import NotFound
from iotagg.pipeline import is_pending, settle
from iotagg.sources import path_text
from tests.pipeline.contents import A
from tests.pipeline.csvs import contribution, many_pairs, put
from tests.stores.racing import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.conftest import Desk


@pytest.mark.parametrize("applied", [(), (0,), (1, 3), range(5)])
def test_a_half_done_upload_is_finished_by_the_next(desk: Desk, applied: tuple[int, ...]) -> None:
    content = many_pairs(300)
    put(desk.folder / "a.csv", content)
    kept = contribution(content)
    name = kept.head.name
    desk.store.keep(kept)
    desk.store.move("paris", Move(str(desk.folder / "a.csv"), take=name))
    desk.store.advance(name, 0, 1)
    for number, chunk in list(desk.store.chunks(name, applied)):
        desk.store.apply(name, 1, number, chunk)
    assert is_pending(desk.store, desk.records("a.csv")[0])
    assert desk.upload("a.csv", content).state == "already counted"
    assert not is_pending(desk.store, desk.records("a.csv")[0])
    assert desk.sums() == desk.clean(content)


@pytest.mark.parametrize("steps", range(4))
def test_an_upload_left_after_any_step_is_finished_by_the_next(desk: Desk, steps: int) -> None:
    content = many_pairs(100)
    kept = contribution(content)
    name = kept.head.name
    every: list[Callable[[], object]] = [
        lambda: desk.store.keep(kept),
        lambda: desk.store.move("paris", Move(str(desk.folder / "a.csv"), take=name)),
        lambda: desk.store.advance(name, 0, 1),
    ]
    for step in every[:steps]:
        step()
    assert not desk.upload("a.csv", content).failed
    assert desk.sums() == desk.clean(content)


def test_a_half_done_retraction_is_finished_by_the_next(desk: Desk) -> None:
    content = many_pairs(300)
    desk.upload("a.csv", content)
    (record,) = desk.records("a.csv")
    desk.store.move("paris", Move(str(desk.folder / "a.csv"), drop=(record.name,), retracted=True))
    settle_one_chunk(desk, record.name)
    settle(desk.store, [record.name])
    assert desk.sums() == {}
    after = desk.store.file(record.name)
    assert after is not None
    assert after.is_retracted


def settle_one_chunk(desk: Desk, name: Any) -> None:
    record = desk.store.file(name)
    assert record is not None
    revision = next_revision(record)
    assert revision == 2
    desk.store.advance(name, 1, revision, retracted=str(desk.folder / "a.csv"))
    ((number, chunk),) = list(desk.store.chunks(name, [1]))
    desk.store.apply(name, revision, number, chunk)


def test_what_is_unknown_cannot_be_settled(desk: Desk) -> None:
    with pytest.raises(NotFound):
        settle(desk.store, [name_of(1)])


def test_whoever_brings_in_what_another_only_began_says_that_it_was_counted(desk: Desk) -> None:
    put(desk.folder / "a.csv", A)
    name = desk.store.keep(contribution(A)).name
    desk.store.move("paris", Move(path_text(desk.folder / "a.csv"), take=name))
    assert desk.upload("a.csv").state == "counted"
    assert desk.upload("a.csv").state == "already counted"
    assert desk.sums() == desk.clean(A)
