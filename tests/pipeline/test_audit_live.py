from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.audit import Counts, Note, audit
from iotagg.core.ledger import Move
from iotagg.forgetting import forget_before, forget_site
from iotagg.forgetting_device import forget_device
from iotagg.pipeline import settle
from tests.pipeline.csvs import contribution, csv, flow, many_pairs
from tests.pipeline.vandal import vandal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk

READS = ("first_month", "names", "traces", "stored", "markers", "held", "held_month", "file", "path", "paths", "sites")
MANY = 20


class Interleaved:
    """A store in which something happens right before some of an audit's reads."""

    def __init__(self, store: Store, happens: Callable[[int], object]) -> None:
        self.store = store
        self.happens = happens
        self.reads = 0

    def __getattr__(self, method: str) -> Any:
        found = getattr(self.store, method)

        def read(*arguments: Any) -> Any:
            self.reads += 1
            self.happens(self.reads)
            return found(*arguments)

        return read if method in READS else found


def reads_of(store: Store) -> int:
    counted = Interleaved(store, lambda _: None)
    assert list(audit(counted)) == []
    return counted.reads


@pytest.fixture
def quick(desk: Desk) -> Desk:
    with desk.assessing():
        desk.upload("one.csv", many_pairs(MANY))
        desk.upload("two.csv", many_pairs(MANY, packets=5, day="2022-12-02"))
    return desk


def changes(desk: Desk, number: int) -> Iterator[Callable[[], object]]:
    new = f"new{number}.csv"
    yield lambda: desk.upload(new, many_pairs(3, packets=100 + number))
    yield lambda: desk.retract(new)
    yield lambda: desk.upload(new, again=True)
    yield lambda: desk.upload(new, many_pairs(3, packets=200 + number), on_change="replace")


def test_whatever_changes_before_whichever_read_makes_no_difference(quick: Desk) -> None:
    last = reads_of(quick.store)
    for moment in range(1, last + 1, 1 if quick.transactional else 9):
        for change in changes(quick, moment):
            live = Interleaved(quick.store, lambda read, moment=moment, change=change: read == moment and change())  # type: ignore[misc]  # the lambda's own
            assert [each.text for each in audit(live)] == [], moment


def test_one_chunk_after_the_other_that_comes_in_between_makes_no_difference(quick: Desk) -> None:
    added = contribution(many_pairs(MANY, packets=9))
    name = added.head.name
    quick.store.keep(added)
    quick.store.move("paris", Move("three.csv", name))
    quick.store.advance(name, 0, 1)
    waiting = list(quick.store.chunks(name, range(added.head.chunks)))

    def apply_one(read: int) -> None:
        if read > 8 and read % 3 == 0 and waiting:
            number, chunk = waiting.pop()
            quick.store.apply(name, 1, number, chunk)

    differs = list(audit(Interleaved(quick.store, apply_one), wait=lambda _: None))
    assert [each.text for each in differs if each.source] == []


def test_what_never_stands_still_is_in_flight_and_not_judged(quick: Desk) -> None:
    name = quick.path("one.csv").names[0]
    chunk = next(chunk for _, chunk in quick.store.chunks(name, [0]))
    row = chunk[0]
    key = ("paris", row.source, row.destination, row.month)
    last = reads_of(quick.store)
    vandal_of(quick.store).set_sums(key, None)

    def move_a_marker(read: int) -> None:
        if read > last:
            vandal_of(quick.store).set_marker(name, 0, 2 * read + 1)

    counts, notes, waited = Counts(), list[Note](), list[float]()
    live = Interleaved(quick.store, move_a_marker)
    differs = list(audit(live, counts=counts, noted=notes.append, wait=waited.append))
    assert [each.text for each in differs if each.source] == []
    assert counts.in_flight == 1
    assert [(note.source, note.text) for note in notes] == [(row.source, "it is being written to; not judged")]
    assert waited == sorted(waited)
    assert len(waited) == 4


def test_a_file_that_is_listed_as_pending_is_explained(desk: Desk) -> None:
    added = contribution(many_pairs(MANY))
    name = added.head.name
    desk.store.keep(added)
    desk.store.move("paris", Move("one.csv", name))
    desk.store.advance(name, 0, 1)
    number, chunk = next(desk.store.chunks(name, [0]))
    desk.store.apply(name, 1, number, chunk)
    counts, notes = Counts(), list[Note]()
    differs = list(audit(desk.store, counts=counts, noted=notes.append))
    lacks = f"chunks 1 to {added.head.chunks - 1} are not at revision 1"
    if desk.transactional:  # there it cannot be left so, and nobody would finish it
        assert [each.text for each in differs] == [f"{lacks}, and nobody is at work on it"]
        return
    assert differs == []
    assert counts.pending == 1
    (note,) = notes
    assert note.text.startswith("pending since 20")
    assert note.text.endswith(lacks)
    assert note.paths == ("one.csv",)
    settle(desk.store, [name])
    assert list(audit(desk.store)) == []


def test_a_contribution_to_which_nothing_refers_yet_is_no_difference(desk: Desk) -> None:
    desk.store.keep(contribution(csv(flow(), b"torn\n")))
    assert list(audit(desk.store)) == []


def test_what_is_forgotten_is_not_missed(desk: Desk) -> None:
    desk.upload("old.csv", csv(flow(day="2021-01-01"), b"torn\n"))
    desk.upload("both.csv", csv(flow(day="2021-01-02"), flow(day="2022-12-01", packets=3)))
    desk.upload("device.csv", csv(flow("192.168.1.9"), flow("192.168.1.8", day="2022-12-01"), b"192.168.1.9 torn\n"))
    desk.upload("tokyo.csv", many_pairs(3), site="tokyo")
    forget_before(desk.store, "2022-01", wait=lambda _: None)
    assert list(audit(desk.store)) == []
    desk.retract("both.csv")
    assert list(audit(desk.store)) == []
    forget_device(desk.store, "192.168.1.9")
    assert list(audit(desk.store)) == []
    forget_site(desk.store, "tokyo")
    counts = Counts()
    assert list(audit(desk.store, counts=counts)) == []
    assert counts.pair_months == 1


def test_what_was_erased_while_it_was_in_cannot_be_recomputed_and_that_is_said(desk: Desk) -> None:
    desk.upload("one.csv", csv(flow()))
    name = desk.path("one.csv").names[0]
    desk.store.erase(name, referred=True)
    texts = [each.text for each in audit(desk.store)]
    assert texts == [
        "it was erased while it was in, so that what it adds cannot be recomputed",
        f"it cannot be recomputed: {name} was erased",
    ]
