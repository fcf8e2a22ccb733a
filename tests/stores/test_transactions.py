"""Several writes together, where a store can: all of them stay, or none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from iotagg.core.ledger import Move, Refusal
from iotagg.core.moments import MAX_SUM
from iotagg.errors import NumberTooLarge
from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.counted import CHUNK, ONE, OTHER, PRESENT, reject_member, rows
from tests.stores.racing import pair_month

if TYPE_CHECKING:
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store
    from tests.stores.backends import Backend

HELD_BACK_SECONDS = 0.2  # what waits for another thread is given so long to prove that it does not


@pytest.fixture
def together(backend: Backend, store: Store) -> Store:
    if not backend.transactional:
        pytest.skip("has no transactions over several writes")
    return store


def test_what_is_written_together_stays(together: Store, kept: Name) -> None:
    with together.atomically():
        together.move("paris", Move("a.csv", take=kept))
        together.apply(kept, 1, 0, CHUNK)
    assert together.path("paris", "a.csv").names == (kept,)
    assert rows(together) == PRESENT


def test_what_is_not_to_be_kept_is_seen_inside_and_gone_after(together: Store) -> None:
    with together.atomically(keep=False):
        name = write_everything(together)
        assert rows(together) == PRESENT
    assert is_empty(together, name)


def test_an_error_in_the_middle_leaves_nothing(together: Store) -> None:
    name = contribution(csv(flow())).head.name
    with pytest.raises(ZeroDivisionError), together.atomically():
        write_and_fail(together)
    assert is_empty(together, name)
    together.apply(name, 1, 0, CHUNK)
    assert rows(together) == PRESENT


def test_an_error_inside_the_inner_of_two_leaves_nothing_of_both(together: Store) -> None:
    with pytest.raises(ZeroDivisionError), together.atomically(), together.atomically():
        write_and_fail(together)
    assert is_empty(together, contribution(csv(flow())).head.name)
    assert together.applied(OTHER, 1) == frozenset()


def test_what_the_inner_of_two_keeps_is_dropped_with_the_outer(together: Store) -> None:
    with together.atomically(keep=False):
        with together.atomically():
            name = write_everything(together)
        assert rows(together) == PRESENT
    assert is_empty(together, name)


def test_a_chunk_that_fails_inside_leaves_nothing_of_itself_and_all_of_the_rest(together: Store) -> None:
    together.apply(ONE, 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM)])
    before = rows(together)
    with together.atomically():
        with pytest.raises(NumberTooLarge):
            together.apply(OTHER, 1, 0, [pair_month("192.168.1.6"), pair_month("192.168.1.7", flows=1, dur_sq=1)])
        together.refuse("paris", "a.csv", Refusal("too large"))
    assert rows(together) == before
    assert together.applied(OTHER, 1) == frozenset()
    assert together.path("paris", "a.csv").refusal == Refusal("too large")


def write_and_fail(store: Store) -> None:
    write_everything(store)
    store.apply(OTHER, 1, 0, CHUNK)
    raise ZeroDivisionError


def write_everything(store: Store) -> Name:
    name = store.keep(contribution(csv(flow()))).name
    store.keep_rejects(name, [reject_member(2)])
    store.move("paris", Move("a.csv", take=name))
    store.refuse("paris", "b.csv", Refusal("no"))
    store.advance(name, 0, 1)
    store.apply(name, 1, 0, CHUNK)
    return name


def is_empty(store: Store, name: Name) -> bool:
    known = [*store.sites(), *store.files("paris"), *store.paths("paris"), *store.scan("paris"), *store.rejects(name)]
    return not known and not store.applied(name, 1) and store.file(name) is None


@pytest.mark.parametrize("write", ["keep", "keep_rejects", "move", "refuse", "apply"])
def test_what_others_write_meanwhile_is_not_dropped_with_it(together: Store, write: str) -> None:
    other = contribution(csv(flow()))
    name = other.head.name
    writes = {
        "keep": lambda: together.keep(other),
        "keep_rejects": lambda: together.keep_rejects(name, [reject_member(2)]),
        "move": lambda: together.move("paris", Move("b.csv")),
        "refuse": lambda: together.refuse("paris", "b.csv", Refusal("no")),
        "apply": lambda: together.apply(name, 1, 0, CHUNK),
    }
    thread = threading.Thread(target=writes[write])
    with together.atomically(keep=False):
        together.refuse("paris", "a.csv", Refusal("no"))
        thread.start()
        thread.join(HELD_BACK_SECONDS)
    thread.join()
    assert not is_empty(together, name)
    assert together.path("paris", "a.csv").refusal is None


def test_what_is_not_to_be_kept_is_never_seen_by_others(together: Store) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.extend([together.path("paris", "b.csv").refusal, *together.paths("paris"), *together.sites()])
        seen.extend([*together.scan("paris"), *together.files("paris")])

    thread = threading.Thread(target=look)
    with together.atomically(keep=False):
        write_everything(together)
        thread.start()
        thread.join(HELD_BACK_SECONDS)
    thread.join()
    assert seen == [None]
