"""What every store keeps no longer: months below the floor, contributions that were erased, pairs that were emptied."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.contribution import read_chunk
from iotagg.core.ledger import FileRecord, Move, Refusal, is_in
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import NotFound
from iotagg.pipeline import consolidate, is_pending, settle
from tests.examples import examples
from tests.pipeline.csvs import contribution, csv, flow, many_pairs, shown
from tests.stores.counted import ONE, OTHER, added_up, chunks, reject_member, rows
from tests.stores.racing import at_once, name_of, pair_month

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk, Contribution, Name
    from iotagg.stores.protocol import Store
    from tests.stores.backends import Backend

NOVEMBER, DECEMBER = pair_month("192.168.1.7", "2022-11"), pair_month("192.168.1.7", "2022-12")


def months(store: Store, site: str = "paris") -> list[str]:
    return [row.month for row in store.scan(site)]


# The floor.


def test_without_a_floor_everything_is_kept(store: Store) -> None:
    assert store.floor() == ""
    assert store.floor_lag() == 0
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", "0001-01")])
    assert store.erase_below_floor() == 0
    assert months(store) == ["0001-01"]


def test_a_floor_only_rises(backend: Backend, store: Store) -> None:
    for month in ("2022-12", "2022-11", "2023-01", "2022-12"):
        store.raise_floor(month)
    assert (store.floor(), backend.open().floor()) == ("2023-01", "2023-01")


def test_a_floor_is_there_for_whoever_opens_the_store_next(backend: Backend, store: Store) -> None:
    store.raise_floor("2022-12")
    store.apply(ONE, 1, 0, [NOVEMBER, DECEMBER])
    another = backend.open()
    assert another.floor() == "2022-12"
    assert months(another) == ["2022-12"]


def test_months_below_the_floor_are_not_read(store: Store) -> None:
    store.apply(ONE, 1, 0, [NOVEMBER, DECEMBER])
    store.raise_floor("2022-12")
    assert rows(store) == shown([DECEMBER])
    assert shown(store.months("paris", "192.168.1.7", "192.0.2.1")) == shown([DECEMBER])
    assert store.months("paris", "192.168.1.7", "192.0.2.1", "2022-10", "2022-11") == []


def test_months_below_the_floor_are_not_counted_while_the_marker_moves(store: Store) -> None:
    store.raise_floor("2022-12")
    too_large = NOVEMBER.with_sums({"flows": 1, "dur_sq": MAX_SUM + 1})
    assert store.apply(ONE, 1, 0, [too_large, DECEMBER]) is True
    assert store.apply(ONE, 1, 0, [too_large, DECEMBER]) is False
    assert store.apply(OTHER, 1, 0, [NOVEMBER]) is True
    assert store.applied(OTHER, 1) == {0}
    assert rows(store) == shown([DECEMBER])
    assert store.erase_below_floor() == 0


def test_what_was_counted_before_the_floor_rose_is_not_taken_out_below_it(store: Store) -> None:
    store.apply(ONE, 1, 0, [NOVEMBER, DECEMBER])
    store.raise_floor("2022-12")
    assert store.erase_below_floor() == 1
    assert store.apply(ONE, 2, 0, [NOVEMBER, DECEMBER]) is True
    assert rows(store) == []
    assert store.erase_below_floor() == 0


def test_only_months_below_the_floor_are_erased_and_of_all_sites(store: Store) -> None:
    for site in ("paris", "tokyo"):
        store.apply(name_of(1, site), 1, 0, [NOVEMBER, DECEMBER, pair_month("192.168.1.8", "2022-10")])
    store.raise_floor("2022-12")
    assert store.erase_below_floor() == 4
    assert store.erase_below_floor() == 0
    assert rows(store) == rows(store, "tokyo") == shown([DECEMBER])


SITES = count()
LATE = "2022-12"
deliveries = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 5)) | st.sampled_from(["rise", "erase"]), max_size=25
)


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.tuples(chunks, chunks), min_size=3, max_size=3), sequence=deliveries)
def test_wherever_the_floor_rises_in_between_what_is_above_it_ends_as_if_it_had_always_been_there(
    backend: Backend, contents: list[tuple[Chunk, Chunk]], sequence: list[tuple[int, int, int] | str]
) -> None:
    store = backend.open()
    site = f"site{next(SITES)}"  # each example has a site, hence sums, of its own; the floor is one for all
    highest: dict[tuple[int, int], int] = defaultdict(int)
    contents = [(_of_years(one), _of_years(other)) for one, other in contents]
    for step in sequence:
        if step == "rise":
            store.raise_floor(LATE)
        elif step == "erase":
            store.erase_below_floor()
        elif not isinstance(step, str):
            number, chunk, revision = step
            store.apply(name_of(number, site), revision, chunk, contents[number][chunk])
            highest[number, chunk] = max(highest[number, chunk], revision)
    store.raise_floor(LATE)
    present = [contents[number][chunk] for (number, chunk), revision in highest.items() if is_in(revision)]
    assert rows(store, site) == added_up([[row for row in chunk if row.month >= LATE] for chunk in present])


def _of_years(chunk: Chunk) -> Chunk:
    older = [PairMonth(row.source, row.destination, "2022-10", row.sums) for row in chunk if row.month == "2022-11"]
    return [*chunk, *older]


# Contributions.


@pytest.fixture
def counted(store: Store) -> FileRecord:
    """A file of several chunks with rejected lines, counted at one path."""
    return count_in(store, contribution(many_pairs(250)))


def count_in(store: Store, made: Contribution, path: str = "a.csv") -> FileRecord:
    name = store.keep(made).name
    store.keep_rejects(name, [reject_member(3)])
    store.move("paris", Move(path, take=name))
    settle(store, [name])
    return known(store, name)


def known(store: Store, name: Name) -> FileRecord:
    record = store.file(name)
    assert record is not None
    return record


def take_out(store: Store, record: FileRecord) -> None:
    for path in record.paths:
        store.move("paris", Move(path, drop=(record.name,)))
    settle(store, [record.name])


def test_what_a_path_refers_to_is_erased_only_if_that_is_meant(store: Store, counted: FileRecord) -> None:
    before = rows(store)
    assert store.erase(counted.name) is False
    assert known(store, counted.name) == counted
    assert store.erase(counted.name, referred=True) is True
    assert rows(store) == before != []
    assert store.path("paris", "a.csv").names == (counted.name,)


def test_of_what_was_erased_the_record_stays_and_nothing_else(store: Store, counted: FileRecord) -> None:
    store.erase(counted.name, referred=True)
    emptied = replace(counted, head=counted.head.emptied(), erased=True)
    assert known(store, counted.name) == emptied
    assert (emptied.head.chunks, emptied.head.lines) == (0, counted.head.lines)
    assert store.readings("paris", counted.name.content) == [emptied]
    assert list(store.files("paris")) == []
    assert list(store.rejects(counted.name)) == []
    assert list(store.rejected("paris")) == []
    assert not is_pending(store, emptied)
    assert list(store.pending("paris")) == []
    with pytest.raises(NotFound):
        list(store.chunks(counted.name, [0]))
    consolidate(store, counted.head, 1)


def test_erasing_again_changes_nothing(store: Store, counted: FileRecord) -> None:
    store.erase(counted.name, referred=True)
    before = known(store, counted.name)
    assert store.erase(counted.name, referred=True) is True
    assert known(store, counted.name) == before
    assert store.erase(ONE) is True
    assert store.file(ONE) is None


@pytest.mark.parametrize("settled", [True, False])
def test_nothing_that_comes_late_changes_a_sum_of_what_was_erased(store: Store, settled: bool) -> None:
    made = contribution(many_pairs(250))
    chunks = list(map(read_chunk, made.members))
    record = count_in(store, made)
    store.move("paris", Move("a.csv", drop=(record.name,)))
    if settled:
        settle(store, [record.name])
    else:
        store.advance(record.name, 1, 2)
        store.apply(record.name, 2, 0, chunks[0])
    store.erase(record.name)
    before = rows(store)
    for late in (1, 2) if settled else (1,):
        assert {store.apply(record.name, late, number, chunk) for number, chunk in enumerate(chunks)} == {False}
    assert rows(store) == before
    assert settled is (before == [])


def test_a_chunk_that_was_never_applied_does_not_come_in_after_its_contribution_was_erased(store: Store) -> None:
    made = contribution(many_pairs(250))
    name = store.keep(made).name
    store.advance(name, 0, 1)
    store.erase(name)
    assert {store.apply(name, 1, number, read_chunk(member)) for number, member in enumerate(made.members)} == {False}
    assert rows(store) == []
    fresh = store.keep(
        contribution(csv(flow()))
    ).name  # and of one that was never to come in, nothing has to be kept out
    assert store.erase(fresh) is True


def test_what_was_erased_is_stored_again_on_a_word_only(store: Store, counted: FileRecord) -> None:
    made = contribution(many_pairs(250))
    take_out(store, counted)
    store.erase(counted.name)
    assert store.keep(made) == counted.head.emptied()
    assert known(store, counted.name).erased
    assert store.keep(made, again=True) == made.head
    assert store.keep(made, again=True) == made.head
    restored = known(store, counted.name)
    assert (restored.head, restored.erased, restored.revision) == (made.head, False, 2)
    store.move("paris", Move("b.csv", take=counted.name))
    settle(store, [counted.name])
    assert rows(store) == shown(sorted(all_rows(made), key=lambda row: row.source))
    assert [record.name for record in store.files("paris")] == [counted.name]


def all_rows(made: Contribution) -> Chunk:
    return [row for member in made.members for row in read_chunk(member)]


def test_rejected_lines_of_what_was_erased_are_not_kept_again(store: Store, counted: FileRecord) -> None:
    take_out(store, counted)
    store.erase(counted.name)
    store.keep_rejects(counted.name, [reject_member(4)])
    assert list(store.rejects(counted.name)) == []
    store.keep(contribution(many_pairs(250)), again=True)
    store.keep_rejects(counted.name, [reject_member(5)])
    assert [reject.line for reject in store.rejects(counted.name)] == [5]


def test_rejected_lines_of_refused_files_are_listed_and_erased_too(store: Store) -> None:
    for number in (3, 1, 2):
        store.keep_rejects(name_of(number), [reject_member(2)])
    store.keep_rejects(name_of(4), [])
    assert list(store.rejected("paris")) == [name_of(1), name_of(2), name_of(3)]
    assert list(store.rejected("tokyo")) == []
    assert store.erase(name_of(2)) is True
    assert list(store.rejected("paris")) == [name_of(1), name_of(3)]


def test_no_path_takes_what_was_erased_and_is_referred_to_by_none(store: Store, counted: FileRecord) -> None:
    take_out(store, counted)
    store.erase(counted.name)
    assert store.move("paris", Move("b.csv", take=counted.name)) is False
    assert store.path("paris", "b.csv").names == ()
    assert known(store, counted.name).paths == frozenset()


def test_a_further_path_may_take_what_was_erased_and_is_in(store: Store, counted: FileRecord) -> None:
    store.erase(counted.name, referred=True)
    assert store.move("paris", Move("b.csv", take=counted.name)) is True
    assert known(store, counted.name).paths == {"a.csv", "b.csv"}


def test_a_contribution_is_either_erased_or_taken_by_a_path_never_both(store: Store) -> None:
    for number in range(8):
        name = store.keep(contribution(csv(flow(packets=number)))).name

        def work(thread: int, name: Name = name) -> bool:
            return store.erase(name) if thread else store.move("paris", Move("a.csv", take=name))

        moved, erased = at_once(2, work)
        assert moved is not erased
        record = known(store, name)
        assert (record.erased, bool(record.paths)) == (erased, moved)


# What is forgotten, from one store to another.


def forget(store: Store, counted: FileRecord) -> FileRecord:
    take_out(store, counted)
    store.erase(counted.name)
    return known(store, counted.name)


def test_what_is_forgotten_is_listed_also_of_sites_of_which_nothing_else_is_left(
    store: Store, counted: FileRecord
) -> None:
    assert list(store.forgotten()) == []
    count_in(store, contribution(csv(flow(packets=2))), "b.csv")
    store.erase(counted.name, referred=True)
    assert list(store.forgotten()) == []
    one = forget(store, counted)
    elsewhere = store.keep(contribution(csv(flow(packets=3)), site="tokyo")).name
    store.erase(elsewhere)
    store.keep_rejects(name_of(1), [reject_member(2)])
    assert sorted(store.forgotten(), key=lambda record: record.name) == [one, known(store, elsewhere)]
    assert store.sites() == ["paris"]


def test_what_was_forgotten_elsewhere_is_kept_as_it_was_there(store: Store, counted: FileRecord) -> None:
    elsewhere = replace(counted, paths=frozenset(), erased=True, retracted="a.csv", revision=1)
    there = replace(elsewhere, head=replace(counted.head.emptied(), name=name_of(1, "tokyo")))
    store.keep_forgotten(there)
    expected = replace(there, revision=2)  # out, as everything is to which nothing refers
    assert known(store, there.name) == expected
    assert list(store.forgotten()) == [expected]
    assert store.sites() == ["paris"]
    assert list(store.files("tokyo")) == []
    assert list(store.pending("tokyo")) == []
    assert store.move("tokyo", Move("a.csv", take=there.name)) is False
    store.keep_forgotten(replace(there, retracted=""))
    assert known(store, there.name) == expected
    with pytest.raises(NotFound):
        list(store.chunks(there.name, [0]))


def test_what_is_known_is_not_forgotten_because_it_was_elsewhere(store: Store, counted: FileRecord) -> None:
    store.keep_forgotten(replace(counted, paths=frozenset(), erased=True))
    assert known(store, counted.name) == counted
    assert len(list(store.chunks(counted.name, range(counted.head.chunks)))) == counted.head.chunks


def test_what_was_forgotten_elsewhere_counts_on_a_persons_word(store: Store) -> None:
    made = contribution(many_pairs(250))
    store.keep_forgotten(FileRecord(made.head, revision=2, erased=True))
    assert store.keep(made).chunks == 0
    assert store.keep(made, again=True) == made.head
    assert store.move("paris", Move("a.csv", take=made.head.name)) is True
    settle(store, [made.head.name])
    assert rows(store) == shown(sorted(all_rows(made), key=lambda row: row.source))
    assert list(store.forgotten()) == []


# Emptied pair-months.


@pytest.fixture
def emptied(store: Store) -> Store:
    """Three pairs with two devices each that are empty, and two that are not."""
    gone = [pair_month("192.168.1.7"), pair_month("192.0.2.9", destination="192.168.1.7"), pair_month("192.168.1.8")]
    store.apply(ONE, 1, 0, [*gone, pair_month("192.168.1.70"), pair_month("192.168.1.7", "2022-10")])
    store.apply(OTHER, 1, 0, gone)
    store.apply(name_of(3, "tokyo"), 1, 0, gone)
    for name in (ONE, OTHER, name_of(3, "tokyo")):
        store.apply(name, 2, 0, [*gone, pair_month("192.168.1.70")] if name == ONE else gone)
    store.apply(name_of(4), 1, 0, [pair_month("192.168.1.70"), pair_month("192.168.1.7", "2022-10")])
    return store


def test_only_what_is_empty_and_of_the_device_is_removed(emptied: Store) -> None:
    before = rows(emptied)
    assert [row[0] for row in before] == ["192.168.1.7", "192.168.1.70"]
    removed = [emptied.erase_empty("paris", "192.168.1.7"), emptied.erase_empty("paris", "192.168.1.7")]
    assert removed in ([2, 0], [0, 0])  # where nothing empty is left anyway, there is nothing to remove
    assert emptied.erase_empty("paris", "192.168.1.80") == 0
    assert [emptied.erase_empty("paris"), emptied.erase_empty()] in ([1, 3], [0, 0])
    assert rows(emptied) == before


def test_what_is_added_meanwhile_is_not_lost_with_what_was_empty(store: Store) -> None:
    times = 12

    def work(thread: int) -> None:
        for revision in range(1, 2 * times):
            if thread:
                store.erase_empty("paris", "192.168.1.7")
            else:
                store.apply(ONE, revision, 0, [DECEMBER])

    at_once(3, work)
    assert rows(store) == shown([DECEMBER])


# Paths and sites.


def test_a_path_is_dropped_when_it_refers_to_nothing(store: Store, counted: FileRecord) -> None:
    assert store.drop_path("paris", "a.csv") is False
    take_out(store, counted)
    store.refuse("paris", "a.csv", Refusal("no"))
    store.refuse("paris", "b.csv", Refusal("no"))
    assert [store.drop_path("paris", path) for path in ("a.csv", "b.csv", "a.csv", "c.csv")] == [True] * 4
    assert list(store.paths("paris")) == []


def test_a_site_is_listed_as_long_as_anything_of_it_is_there(store: Store, counted: FileRecord) -> None:
    take_out(store, counted)
    store.erase(counted.name)
    assert store.sites() == ["paris"]
    store.drop_path("paris", "a.csv")
    assert store.sites() == []
    store.refuse("paris", "b.csv", Refusal("no"))
    assert store.sites() == ["paris"]


def test_a_replacement_in_place_stands_where_the_other_stood(store: Store) -> None:
    one, other, third = (store.keep(contribution(csv(flow(packets=number)))).name for number in range(3))
    for name in (one, other):
        store.move("paris", Move("a.csv", take=name))
    store.refuse("paris", "a.csv", Refusal("no", str(third), {"lines": 1}, "2022-12-01"), "v1")
    replacement = Move("a.csv", take=third, drop=(one,), in_place=True)
    assert store.move("paris", replacement) is True
    path = store.path("paris", "a.csv")
    assert path.names == (third, other)
    assert path.refusal == Refusal("no", str(third), {"lines": 1}, "2022-12-01")
    assert path.versions.final == {"v1"}
    assert known(store, one).paths == frozenset()
    assert known(store, third).paths == {"a.csv"}
    assert store.move("paris", replacement) is False
    assert store.move("paris", Move("b.csv", take=third, drop=(one,), in_place=True)) is False
    assert store.path("paris", "b.csv").names == ()
    assert store.move("paris", Move("a.csv", take=third, drop=(other,), in_place=True)) is True
    assert store.path("paris", "a.csv").names == (third,)
