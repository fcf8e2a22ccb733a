from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.assess import assess_outstanding
from iotagg.audit import Counts, audit
from iotagg.auditing.ranks import MISSING_RANK, OTHER_RANK
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import rank_of
from iotagg.forgetting import forget_before
from iotagg.rebuild import rebuild
from tests.pipeline.csvs import contribution, csv, flow, many_pairs
from tests.pipeline.test_assess import days, iso, ranks_of_sums, stored_ranks
from tests.pipeline.test_audit import KEY, MANY, OTHER, chunks, full, name_of, place_of, stored
from tests.pipeline.test_audit_live import Interleaved, changes
from tests.pipeline.vandal import vandal_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.audit import Finding
    from iotagg.core.books import Held
    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk
    from tests.pipeline.csvs import Row
    from tests.pipeline.vandal import Vandal


@pytest.fixture
def vandal(desk: Desk) -> Vandal:
    full(desk)
    desk.upload("gone.csv", many_pairs(3, packets=1000))
    desk.retract("gone.csv")
    return vandal_of(desk.store)


def rebuilt(store: Store) -> Counts:
    counts = Counts()
    list(rebuild(store, counts=counts, wait=lambda _: None))
    return counts


def wreck(vandal: Vandal) -> None:
    sums = vandal.sums(KEY)
    vandal.set_sums(KEY, sums | {"d01": sums["d01"] + 7, "d02": sums["d02"] - 7, "x": 5})
    vandal.set_sums(OTHER, None)
    vandal.set_sums(("paris", "192.0.2.9", "192.0.2.1", "2022-12"), sums)


def test_what_was_damaged_is_as_it_was_and_nothing_retracted_comes_back(desk: Desk, vandal: Vandal) -> None:
    before = desk.sums()
    wreck(vandal)
    assert desk.sums() != before
    assert rebuilt(desk.store).corrected == 3
    assert desk.sums() == before
    assert list(audit(desk.store)) == []
    assert rebuilt(desk.store) == Counts(files=5, pair_months=MANY + 5)


def test_it_says_what_was_put_right(desk: Desk, vandal: Vandal) -> None:
    vandal.set_sums(OTHER, None)
    assert [(each.source, each.text) for each in rebuild(desk.store)] == [
        (OTHER[1], "it is missing, and should have 2 flows")
    ]


def test_all_sums_come_back_after_all_were_lost(desk: Desk, vandal: Vandal) -> None:
    before: dict[str, list[Row]] = desk.sums()
    for site, rows in before.items():
        for source, destination, month, _ in rows:
            vandal.set_sums((site, source, destination, month), None)
    rebuilt(desk.store)
    assert desk.sums() == before


@pytest.mark.parametrize("revision", [None, 2, 3, 4])
def test_markers_that_were_lost_or_moved_are_put_right_together_with_the_sums(
    desk: Desk, vandal: Vandal, revision: int | None
) -> None:
    before = desk.sums()
    name = name_of(desk, "one.csv")
    vandal.set_marker(name, place_of(desk, name), revision)
    vandal.set_marker(name, 99, 1)
    rebuilt(desk.store)
    assert desk.sums() == before
    assert [each.text for each in audit(desk.store)] == []


def test_a_marker_that_was_lost_together_with_its_sums_is_put_right(desk: Desk, vandal: Vandal) -> None:
    before = desk.sums()
    name = name_of(desk, "one.csv")
    number = place_of(desk, name)
    vandal.set_marker(name, number, None)
    for row in chunks(desk, name)[number]:
        key = ("paris", row.source, row.destination, row.month)
        sums = vandal.sums(key)
        vandal.set_sums(key, {each: value - row.sums.get(each, 0) for each, value in sums.items()})
    rebuilt(desk.store)
    assert desk.sums() == before


def test_what_cannot_be_recomputed_stays_and_is_said(desk: Desk, vandal: Vandal) -> None:
    name = name_of(desk, "one.csv")
    vandal.set_stored(name, stored(desk, name)[:-10])
    before = desk.sums()
    texts = [each.text for each in rebuild(desk.store)]
    assert texts
    assert all(text.startswith("it cannot be recomputed: chunk ") for text in texts)
    assert desk.sums() == before


def test_what_was_erased_while_in_keeps_the_sums_of_its_site(desk: Desk) -> None:
    desk.upload("one.csv", csv(flow()))
    desk.upload("two.csv", csv(flow(packets=9)))
    desk.store.erase(name_of(desk, "one.csv"), referred=True)
    before = desk.sums()
    assert [each.text for each in rebuild(desk.store)] == [
        f"it cannot be recomputed: {name_of(desk, 'one.csv')} was erased"
    ]
    assert desk.sums() == before


def test_what_is_below_the_floor_does_not_come_back(desk: Desk) -> None:
    desk.upload("both.csv", csv(flow(day="2021-01-02"), flow(day="2022-12-01", packets=3)))
    forget_before(desk.store, "2022-01", wait=lambda _: None)
    vandal_of(desk.store).set_sums(KEY, {"flows": 1})
    before = desk.clean(csv(flow(day="2022-12-01", packets=3)))
    rebuilt(desk.store)
    assert desk.sums() == before


def test_whatever_is_counted_meanwhile_stays_counted(desk: Desk) -> None:
    desk.upload("one.csv", many_pairs(10))
    desk.upload("two.csv", many_pairs(10, packets=5, day="2022-12-02"))
    vandal = vandal_of(desk.store)
    for moment in range(1, 60, 5 if desk.transactional else 29):
        for change in changes(desk, moment):
            wreck(vandal)
            live = Interleaved(desk.store, lambda read, moment=moment, change=change: read == moment and change())  # type: ignore[misc]  # the lambda's own
            list(rebuild(live, wait=lambda _: None))
            assert [each.text for each in audit(desk.store)] == [], moment


def test_consumers_are_held_back_while_it_is_compared_and_let_go_also_after_an_error(desk: Desk) -> None:
    desk.upload("one.csv", many_pairs(MANY))
    vandal_of(desk.store).set_sums(KEY, None)
    said = []

    @contextmanager
    def paused() -> Iterator[None]:
        said.append("paused")
        try:
            yield
        finally:
            said.append("resumed")

    found = rebuild(desk.store, paused=paused())
    next(found)
    assert said == ["paused"]
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert said == ["paused", "resumed"]


# Ranks.


class Killed(BaseException):
    """What is not to be caught."""


class Dying:
    """A store of which a rebuild is killed once it has corrected a pair's month."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __getattr__(self, method: str) -> Any:
        return getattr(self.store, method)

    def atomically(self) -> AbstractContextManager[None]:
        """Keep what is written, as a table does."""
        return nullcontext()

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        """Correct it and die."""
        assert self.store.correct(before, sums)
        raise Killed


@pytest.fixture
def assessed(desk: Desk) -> Desk:
    with desk.assessing():
        desk.upload("flows.csv", days(range(60)))
    assess_outstanding(desk.store)
    assert list(audit(desk.store)) == []
    return desk


def texts(found: Iterable[Finding]) -> list[str]:
    return [each.text for each in found]


@pytest.mark.parametrize("too_many", [False, True])
def test_a_rebuild_that_is_killed_before_it_assesses_leaves_ranks_that_the_next_one_puts_right(
    assessed: Desk, too_many: bool
) -> None:
    vandal = vandal_of(assessed.store)
    row = next(assessed.store.scan("paris"))
    month = "2022-09" if too_many else iso(0)[:7]
    key = ("paris", row.source, row.destination, month)
    vandal.set_sums(key, {"flows": 30, "pkt": 9, **{f"f{day:02}": 1 for day in range(1, 31)}})
    with pytest.raises(Killed):
        list(rebuild(Dying(assessed.store), wait=lambda _: None))  # type: ignore[arg-type]  # what it lacks is the store's
    assert set(texts(audit(assessed.store))) == {MISSING_RANK}
    counts = rebuilt(assessed.store)
    assert (counts.corrected, counts.ranks > 0) == (0, True)
    assert stored_ranks(assessed.store) == ranks_of_sums(assessed.store)
    assert list(audit(assessed.store)) == []


def test_a_rank_of_other_sums_is_named_and_put_right(assessed: Desk) -> None:
    store = assessed.store
    row = next(store.scan("paris"))
    store.put_rank(
        "paris", row, rank_of(PairMonth("", "", row.month, {"flows": 10**9}), stands_out=False, steady=False)
    )
    assert texts(audit(store)) == [OTHER_RANK]
    assert texts(rebuild(store)) == [OTHER_RANK]
    assert stored_ranks(store) == ranks_of_sums(store)


def test_what_was_not_assessed_yet_needs_no_ranks(assessed: Desk) -> None:
    name = contribution(csv(flow(packets=10**6)), "paris")
    store = assessed.store
    head = store.keep(name)
    store.advance(head.name, 0, 1)
    for number, chunk in store.chunks(head.name, range(head.chunks)):
        store.apply(head.name, 1, number, chunk)
    assert OTHER_RANK not in texts(audit(store))
    assert rebuilt(store).ranks == 0
