"""In every store, a revision moves from the expected one only, and is pending until all chunks have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.ledger import Move, is_in
from iotagg.pipeline import consolidate, is_pending
from tests.pipeline.csvs import contribution, csv, flow, many_pairs
from tests.stores.counted import ONE
from tests.stores.racing import at_once

if TYPE_CHECKING:
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store


def revision(store: Store, name: Name) -> int:
    record = store.file(name)
    assert record is not None
    return record.revision


def test_a_revision_moves_from_the_expected_one_only(store: Store, kept: Name) -> None:
    assert store.advance(kept, 1, 2) is False
    assert revision(store, kept) == 0
    assert store.advance(kept, 0, 1) is True
    assert store.advance(kept, 0, 1) is False
    assert revision(store, kept) == 1


def test_an_unknown_contribution_has_no_revision_to_move(store: Store) -> None:
    assert store.advance(ONE, 0, 1) is False
    assert store.file(ONE) is None


def test_a_revision_remembers_the_path_it_was_retracted_from(store: Store, kept: Name) -> None:
    store.advance(kept, 0, 1)
    store.advance(kept, 1, 2, retracted="incoming/a.csv")
    record = store.file(kept)
    assert record is not None
    assert (record.revision, record.is_in, record.retracted) == (2, False, "incoming/a.csv")
    store.advance(kept, 2, 3)
    record = store.file(kept)
    assert record is not None
    assert (record.revision, record.is_in, record.retracted) == (3, True, "")


def test_a_revision_moves_once_for_all_who_move_it_at_once(store: Store, kept: Name) -> None:
    for at in range(5):
        moved = at_once(8, lambda _, at=at: store.advance(kept, at, at + 1))  # type: ignore[misc]  # bound at once
        assert sorted(moved) == [False] * 7 + [True]
    assert revision(store, kept) == 5


def test_a_revision_that_follows_the_paths_moves_only_while_they_are_as_they_were(store: Store, kept: Name) -> None:
    assert store.advance(kept, 0, 1, referred=True) is False
    store.move("paris", Move("a.csv", take=kept))
    assert store.advance(kept, 0, 2, referred=False) is False
    assert store.advance(kept, 0, 1, referred=True) is True
    store.move("paris", Move("a.csv", drop=(kept,), retracted=True))
    assert store.advance(kept, 1, 1, retracted="", referred=True) is False
    record = store.file(kept)
    assert record is not None
    assert (record.revision, record.retracted) == (1, "a.csv")
    assert store.advance(kept, 1, 2, retracted="a.csv", referred=False) is True


def pending(store: Store, site: str = "paris") -> list[Name]:
    return [each.name for each in store.pending(site)]


def begin(store: Store, name: Name, revision: int) -> None:
    """Let a path refer to a contribution or no longer, and move its revision accordingly."""
    store.move(name.site, Move("a.csv", name) if is_in(revision) else Move("a.csv", drop=(name,)))
    assert store.advance(name, revision - 1, revision)


def test_a_contribution_is_pending_until_its_revision_has_reached_all_chunks(store: Store) -> None:
    head = store.keep(contribution(many_pairs(250)))
    assert pending(store) == []
    for revision in (1, 2, 3):
        begin(store, head.name, revision)
        for number, chunk in store.chunks(head.name, range(head.chunks)):
            assert pending(store) == [head.name]
            store.apply(head.name, revision, number, chunk)
        store.settled(head.name, revision)
        assert pending(store) == []


def test_what_is_settled_at_a_revision_is_pending_at_the_next(store: Store) -> None:
    head = store.keep(contribution(many_pairs(10)))
    begin(store, head.name, 1)
    consolidate(store, head, 1)
    begin(store, head.name, 2)
    store.settled(head.name, 1)  # by somebody who is late
    assert pending(store) == [head.name]
    consolidate(store, head, 2)
    assert pending(store) == []
    store.settled(head.name, 2)
    assert pending(store) == []


def test_a_revision_that_stays_makes_nothing_pending(store: Store) -> None:
    head = store.keep(contribution(csv(flow())))
    begin(store, head.name, 1)
    consolidate(store, head, 1)
    assert store.advance(head.name, 1, 1) is True
    assert store.advance(head.name, 0, 1) is False
    assert pending(store) == []


@pytest.mark.parametrize("content", [csv(), csv(flow())], ids=["a quiet day", "a flow"])
def test_what_a_path_took_or_dropped_is_pending_until_its_revision_follows(store: Store, content: bytes) -> None:
    head = store.keep(contribution(content))
    for revision, move in ((1, Move("a.csv", take=head.name)), (2, Move("a.csv", drop=(head.name,)))):
        store.move("paris", move)
        assert pending(store) == [head.name]
        store.advance(head.name, revision - 1, revision)
        consolidate(store, head, revision)
        assert pending(store) == []


def test_what_is_pending_is_told_by_site(store: Store) -> None:
    heads = [store.keep(contribution(csv(flow(packets=n)), site)) for site in ("paris", "paris2") for n in range(3)]
    for head in heads:
        begin(store, head.name, 1)
    for site in ("paris", "paris2", "pari"):
        assert pending(store, site) == sorted(head.name for head in heads if head.name.site == site)
    record = store.file(heads[0].name)
    assert record is not None
    assert is_pending(store, record)
