"""What every store does, whatever stands behind it: see the protocol."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.contribution import Contribution, Name
from iotagg.core.ledger import Move, Origin, Refusal, Versions, is_in
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.core.rejects import pack
from iotagg.errors import NotFound, NumberTooLarge
from iotagg.pipeline import consolidate, is_pending
from tests.examples import examples
from tests.pipeline.csvs import contribution, csv, flow, many_pairs, shown
from tests.stores.racing import (
    CHUNKS,
    apply_everything,
    apply_in_process,
    at_once,
    name_of,
    pair_month,
    processes_at_once,
)

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row
    from tests.stores.backends import Backend

ONE = name_of(1)
OTHER = name_of(2)
CHUNK = [pair_month("192.168.1.7", flows=2, dur=30, dur_sq=500, f01=1, d01=10, f31=1, d31=20)]
PRESENT = shown(CHUNK)
HELD_BACK_SECONDS = 0.2  # what waits for another thread is given so long to prove that it does not


def rows(store: Store, site: str = "paris") -> list[Row]:
    return shown(store.scan(site))


# One chunk, one marker.


def test_a_chunk_applied_twice_is_counted_once(store: Store) -> None:
    assert store.apply(ONE, 1, 0, CHUNK) is True
    assert store.apply(ONE, 1, 0, CHUNK) is False
    assert rows(store) == PRESENT


def test_a_retracted_chunk_leaves_nothing(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.apply(ONE, 2, 0, CHUNK) is True
    assert rows(store) == []
    assert store.months("paris", "192.168.1.7", "192.0.2.1") == []


def test_a_chunk_counted_again_is_there_once(store: Store) -> None:
    for revision in (1, 2, 3):
        assert store.apply(ONE, revision, 0, CHUNK) is True
    assert rows(store) == PRESENT


@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_late_revision_changes_nothing(store: Store, late: int) -> None:
    assert store.apply(ONE, 3, 0, CHUNK) is True
    assert store.apply(ONE, late, 0, CHUNK) is False
    assert rows(store) == PRESENT


def test_a_retraction_that_comes_first_leaves_its_marker_and_the_late_count_adds_nothing(store: Store) -> None:
    assert store.apply(ONE, 2, 0, CHUNK) is True
    assert rows(store) == []
    assert store.applied(ONE, 2) == {0}
    assert store.apply(ONE, 1, 0, CHUNK) is False
    assert rows(store) == []


def test_a_skipped_pair_of_revisions_changes_the_marker_only(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.apply(ONE, 3, 0, CHUNK) is True
    assert store.applied(ONE, 3) == {0}
    assert rows(store) == PRESENT


def test_chunks_of_one_contribution_have_a_marker_each(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    store.apply(ONE, 1, 17, CHUNKS[1])
    store.apply(ONE, 2, 17, CHUNKS[1])
    assert store.applied(ONE, 1) == {0, 17}
    assert store.applied(ONE, 2) == {17}
    assert store.applied(ONE, 3) == frozenset()
    assert rows(store) == PRESENT


def test_the_same_content_read_with_other_options_has_markers_of_its_own(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.applied(replace(ONE, options="1" * 16), 1) == frozenset()
    assert store.apply(replace(ONE, options="1" * 16), 1, 0, CHUNK) is True


def test_contributions_add_up_attribute_by_attribute(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.7", flows=1, dur=5, dur_sq=25, f02=1, d02=5)])
    sums = {"flows": 3, "dur": 35, "dur_sq": 525, "f01": 1, "d01": 10, "f02": 1, "d02": 5, "f31": 1, "d31": 20}
    assert rows(store) == shown([PairMonth("192.168.1.7", "192.0.2.1", "2022-12", sums)])


def test_what_one_contribution_takes_away_leaves_the_other_as_it_was(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.7", flows=1, dur=5, dur_sq=25, f02=1, d02=5)])
    store.apply(OTHER, 2, 0, [pair_month("192.168.1.7", flows=1, dur=5, dur_sq=25, f02=1, d02=5)])
    assert rows(store) == PRESENT


def test_the_same_addresses_at_two_sites_are_two_pairs(store: Store) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    store.apply(name_of(1, "tokyo"), 1, 0, CHUNK)
    store.apply(name_of(1, "tokyo"), 2, 0, CHUNK)
    assert rows(store, "paris") == PRESENT
    assert rows(store, "tokyo") == []


SITES = count()
sums = st.dictionaries(st.sampled_from(["dur", "dur_sq", "f01", "d01"]), st.integers(0, 10**30), max_size=4).map(
    lambda drawn: {"flows": 1, **drawn}
)
chunks = st.dictionaries(
    st.tuples(st.sampled_from(["192.168.1.7", "2001:db8::7"]), st.sampled_from(["2022-11", "2022-12"])),
    sums,
    min_size=1,
).map(lambda drawn: [PairMonth(source, "192.0.2.1", month, figures) for (source, month), figures in drawn.items()])
deliveries = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 5)), max_size=25)


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.tuples(chunks, chunks), min_size=3, max_size=3), sequence=deliveries)
def test_any_sequence_of_revisions_ends_in_what_the_highest_of_each_chunk_says(
    store: Store, contents: list[tuple[Chunk, Chunk]], sequence: list[tuple[int, int, int]]
) -> None:
    site = f"site{next(SITES)}"  # each example has a site, hence sums, of its own
    highest: dict[tuple[int, int], int] = defaultdict(int)
    for number, chunk, revision in sequence:
        news = store.apply(name_of(number, site), revision, chunk, contents[number][chunk])
        assert news is (revision > highest[number, chunk])
        highest[number, chunk] = max(highest[number, chunk], revision)
    present = [contents[number][chunk] for (number, chunk), revision in highest.items() if is_in(revision)]
    assert rows(store, site) == added_up(present)
    for number in range(3):
        applied = {chunk for (held, chunk), revision in highest.items() if held == number and revision >= 2}
        assert store.applied(name_of(number, site), 2) == applied


def added_up(present: list[Chunk]) -> list[Row]:
    totals: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in (row for chunk in present for row in chunk):
        for attribute, value in row.sums.items():
            totals[row.source, row.month][attribute] += value
    return shown(
        [PairMonth(source, "192.0.2.1", month, figures) for (source, month), figures in sorted(totals.items())]
    )


# Figures.


def test_sums_of_38_digits_are_exact(store: Store) -> None:
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM - 1)])
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=1)])
    assert rows(store) == shown([pair_month("192.168.1.7", flows=2, dur_sq=MAX_SUM)])
    store.apply(ONE, 2, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM - 1)])
    assert rows(store) == shown([pair_month("192.168.1.7", flows=1, dur_sq=1)])


def test_a_sum_of_39_digits_is_refused_and_nothing_of_its_chunk_changes(store: Store) -> None:
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM)])
    before = rows(store)
    beside = [pair_month("192.168.1.6"), pair_month("192.168.1.7", flows=1, dur_sq=2), pair_month("192.168.1.8")]
    with pytest.raises(NumberTooLarge, match="38 digits"):
        store.apply(OTHER, 1, 0, beside)
    assert rows(store) == before
    assert store.applied(OTHER, 1) == frozenset()


def test_a_sum_that_begins_with_39_digits_is_refused_too(store: Store) -> None:
    with pytest.raises(NumberTooLarge, match="38 digits"):
        store.apply(ONE, 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM + 2)])
    assert rows(store) == []
    assert store.applied(ONE, 1) == frozenset()


# A question's way out.


@pytest.fixture
def three_months(store: Store) -> Store:
    months = [pair_month("192.168.1.7", month) for month in ("2023-01", "2022-11", "2022-12")]
    reverse = pair_month("192.0.2.1", "2022-12", destination="192.168.1.7")
    store.apply(ONE, 1, 0, [*months, reverse, pair_month("192.168.1.70", "2022-12")])
    return store


def months(store: Store, *between: str) -> list[str]:
    return [row.month for row in store.months("paris", "192.168.1.7", "192.0.2.1", *between)]


def test_months_of_a_pair_are_its_own_oldest_first(three_months: Store) -> None:
    assert months(three_months) == ["2022-11", "2022-12", "2023-01"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2022-12", "2022-12", ["2022-12"]),
        ("2022-11", "2022-12", ["2022-11", "2022-12"]),
        ("2022-12", "9999-12", ["2022-12", "2023-01"]),
        ("0001-01", "2022-10", []),
        ("2023-01", "2022-11", []),
    ],
)
def test_months_are_cut_to_an_inclusive_range(three_months: Store, first: str, last: str, expected: list[str]) -> None:
    assert months(three_months, first, last) == expected


def test_a_pair_has_a_direction(three_months: Store) -> None:
    (reverse,) = three_months.months("paris", "192.0.2.1", "192.168.1.7")
    assert (reverse.source, reverse.destination, reverse.month) == ("192.0.2.1", "192.168.1.7", "2022-12")


def test_an_unknown_pair_or_site_has_no_months(three_months: Store) -> None:
    assert three_months.months("paris", "192.168.1.7", "192.0.2.99") == []
    assert three_months.months("tokyo", "192.168.1.7", "192.0.2.1") == []
    assert rows(three_months, "tokyo") == []


def test_an_emptied_month_is_absent_beside_those_that_are_not(three_months: Store) -> None:
    store = three_months
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.7", "2022-12"), pair_month("192.168.1.7", "2023-02")])
    store.apply(OTHER, 2, 0, [pair_month("192.168.1.7", "2022-12"), pair_month("192.168.1.7", "2023-02")])
    assert months(store) == ["2022-11", "2022-12", "2023-01"]
    assert "2023-02" not in [row.month for row in store.scan("paris")]


def test_scan_is_sorted_by_source_destination_and_month_as_text(store: Store) -> None:
    keys = [
        *[("192.168.1.10", "192.0.2.1", "2022-12"), ("192.168.1.9", "192.0.2.1", "2022-12")],
        *[("2001:db8::7", "192.0.2.1", "2022-12"), ("192.168.1.9", "192.0.2.1", "2022-02")],
        *[("192.168.1.9", "192.0.2.10", "2022-01"), ("10.0.0.1", "ff02::fb", "2022-12")],
    ]
    for number, (source, destination, month) in enumerate(keys):
        store.apply(name_of(number), 1, 0, [pair_month(source, month, destination)])
    assert [(row.source, row.destination, row.month) for row in store.scan("paris")] == sorted(keys)
    for after in [*(key[:2] for key in keys), ("192.168.1.9", ""), ("3", "3"), ("", "")]:
        found = [(row.source, row.destination, row.month) for row in store.scan("paris", after)]
        assert found == sorted(key for key in keys if key[:2] > after)


def test_months_of_a_source_begin_behind_a_destination(store: Store) -> None:
    keys = [("192.0.2.1", "2022-11"), ("192.0.2.1", "2022-12"), ("192.0.2.17", "2022-12"), ("2001:db8::1", "2022-12")]
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", month, destination) for destination, month in keys])
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.70", "2022-12", "192.0.2.2")])
    for after in ("", "192.0.2.1", "192.0.2.10", "192.0.2.17", "2001:db8::", "2001:db8::1", "3"):
        found = store.source_months("paris", "192.168.1.7", after)
        assert [(row.destination, row.month) for row in found] == [key for key in keys if key[0] > after]


def test_an_empty_store_knows_nothing(store: Store) -> None:
    assert store.sites() == []
    assert list(store.files("paris")) == []
    assert list(store.paths("paris")) == []
    assert rows(store) == []
    assert store.file(ONE) is None
    assert store.readings("paris", ONE.content) == []
    assert list(store.rejects(ONE)) == []
    path = store.path("paris", "incoming/a.csv")
    assert (path.site, path.path, path.names, path.refusal) == ("paris", "incoming/a.csv", (), None)


def test_files_are_listed_by_site_sorted_by_name_in_and_out(store: Store) -> None:
    kept = [contribution(csv(flow(packets=number)), site) for number in range(5) for site in ("tokyo", "paris")]
    names = [store.keep(each).name for each in kept]
    store.advance(names[1], 0, 1)
    for site in ("paris", "tokyo"):
        assert [record.name for record in store.files(site)] == sorted(name for name in names if name.site == site)
    assert {record.name for record in store.files("paris") if record.is_in} == {names[1]}


def test_paths_are_listed_by_site_sorted(store: Store) -> None:
    for path in ("b.csv", "a/z.csv", "B.csv", "a.csv", "ä.csv"):
        store.move("paris", Move(path))
    store.refuse("paris", "c.csv", Refusal("no"))
    store.move("tokyo", Move("0.csv"))
    assert [record.path for record in store.paths("paris")] == ["B.csv", "a.csv", "a/z.csv", "b.csv", "c.csv", "ä.csv"]


def test_sites_are_listed_sorted_also_those_with_refused_files_only(store: Store) -> None:
    for site in ("tokyo", "default", "Paris"):
        store.keep(contribution(csv(flow()), site))
    store.refuse("berlin", "a.csv", Refusal("no"))
    assert store.sites() == ["Paris", "berlin", "default", "tokyo"]


def test_readings_are_all_options_that_a_content_was_read_with(store: Store) -> None:
    first, *_ = [store.keep(each).name for each in readings()]
    assert [record.name for record in store.readings("paris", first.content)] == sorted(
        head.head.name for head in readings()
    )
    assert store.readings("tokyo", first.content) == []


def readings() -> list[Contribution]:
    kept = contribution(csv(flow()))
    return [
        replace(kept, head=replace(kept.head, name=replace(kept.head.name, options=options)))
        for options in ("c" * 16, "a" * 16, "b" * 16)
    ]


# A contribution is cut once.


def cut_otherwise(kept: Contribution, chunks: list[Chunk]) -> Contribution:
    members = tuple(
        pack(
            b"".join(
                json.dumps({"src_ip": row.source, "dst_ip": row.destination, "month": row.month, **row.sums}).encode()
                + b"\n"
                for row in chunk
            ),
            9,
        )
        for chunk in chunks
    )
    sizes = tuple(map(len, members))
    return Contribution(replace(kept.head, buckets=(0,) * len(sizes), chunk_bytes=sizes, reader=99), members)


def stored_chunks(store: Store, name: Name) -> list[PairMonth]:
    record = store.file(name)
    assert record is not None
    return [row for _, chunk in store.chunks(name, range(record.head.chunks)) for row in chunk]


def test_a_contribution_is_read_back_as_it_was_cut(store: Store) -> None:
    kept = contribution(many_pairs(250))
    assert store.keep(kept) == kept.head
    record = store.file(kept.head.name)
    assert record is not None
    assert (record.head, record.revision, record.paths, record.retracted) == (kept.head, 0, frozenset(), "")
    assert kept.head.chunks > 2
    assert len(stored_chunks(store, kept.head.name)) == 250


def test_chunks_are_given_by_their_numbers_in_the_order_asked_for(store: Store) -> None:
    name = store.keep(contribution(many_pairs(250))).name
    every = dict(store.chunks(name, range(5)))
    assert list(store.chunks(name, [3, 1])) == [(3, every[3]), (1, every[1])]
    assert list(store.chunks(name, [])) == []


def test_the_first_cut_stands_also_against_another_under_the_same_name(store: Store) -> None:
    first = contribution(many_pairs(250))
    other = cut_otherwise(first, [[pair_month("192.168.1.7")]])
    assert store.keep(first) == first.head
    assert store.keep(other) == first.head
    assert len(stored_chunks(store, first.head.name)) == 250


def test_one_cut_stands_for_all_who_store_another_at_once(store: Store) -> None:
    kept = contribution(many_pairs(250))
    cuts = [cut_otherwise(kept, [[pair_month(f"192.168.1.{n}")] for n in range(size)]) for size in range(1, 9)]
    heads = at_once(8, lambda number: store.keep(cuts[number]))
    assert heads == [heads[0]] * 8
    assert len(stored_chunks(store, kept.head.name)) == heads[0].chunks


def test_keeping_a_contribution_again_leaves_its_revision(store: Store) -> None:
    kept = contribution(csv(flow()))
    store.keep(kept)
    store.advance(kept.head.name, 0, 1)
    store.keep(kept)
    record = store.file(kept.head.name)
    assert record is not None
    assert record.revision == 1


def reject_member(*lines: int) -> bytes:
    return pack(b"".join(b'{"line":%d,"reason":"torn","text":"x"}\n' % line for line in lines), 1)


def test_rejects_are_read_back_in_order(store: Store) -> None:
    store.keep_rejects(ONE, [reject_member(2, 3), reject_member(7)])
    assert [reject.line for reject in store.rejects(ONE)] == [2, 3, 7]
    assert list(store.rejects(OTHER)) == []


def test_the_first_rejects_stand(store: Store) -> None:
    store.keep_rejects(ONE, [reject_member(2, 3), reject_member(7)])
    store.keep_rejects(ONE, [reject_member(2, 3), reject_member(7)])
    store.keep_rejects(ONE, [reject_member(4)])
    assert [reject.line for reject in store.rejects(ONE)] == [2, 3, 7]


def test_the_first_rejects_stand_also_against_more_of_them(store: Store) -> None:
    store.keep_rejects(ONE, [reject_member(2, 3)])
    store.keep_rejects(ONE, [reject_member(2), reject_member(9)])
    assert [reject.line for reject in store.rejects(ONE)] == [2, 3]


def test_chunks_of_an_unknown_contribution_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match=ONE.content):
        list(store.chunks(ONE, [0]))


# Revisions and paths.


@pytest.fixture
def kept(store: Store) -> Name:
    return store.keep(contribution(csv(flow()))).name


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


def test_a_path_refers_to_what_it_took_oldest_first(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=other))
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("b.csv", take=kept))
    assert store.path("paris", "a.csv").names == (other, kept)
    records = {record.name: record.paths for record in store.files("paris")}
    assert records == {kept: {"a.csv", "b.csv"}, other: {"a.csv"}}


def test_a_path_drops_and_takes_in_one_move(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("b.csv", take=kept))
    store.move("paris", Move("a.csv", take=other, drop=(kept,)))
    assert store.path("paris", "a.csv").names == (other,)
    assert store.path("paris", "b.csv").names == (kept,)


def test_a_move_done_twice_is_done_once(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=kept))
    for _ in range(2):
        store.move("paris", Move("a.csv", take=other, drop=(kept,)))
    assert store.path("paris", "a.csv").names == (other,)


def test_a_path_that_dropped_everything_is_still_known(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("a.csv", drop=(kept,)))
    assert [(record.path, record.names) for record in store.paths("paris")] == [("a.csv", ())]
    record = store.file(kept)
    assert record is not None
    assert record.paths == frozenset()


def test_the_same_path_at_two_sites_is_two_paths(store: Store, kept: Name) -> None:
    tokyo = store.keep(contribution(csv(flow()), "tokyo")).name
    store.move("paris", Move("a.csv", take=kept))
    store.move("tokyo", Move("a.csv", take=tokyo))
    store.move("tokyo", Move("a.csv", drop=(tokyo,)))
    assert store.path("paris", "a.csv").names == (kept,)
    assert store.path("tokyo", "a.csv").names == ()


def test_a_refusal_leaves_what_the_path_refers_to(store: Store, kept: Name) -> None:
    refusal = Refusal("it is worse than 1%", "c" * 64, {"lines": 3, "rejected": 2})
    store.move("paris", Move("a.csv", take=kept))
    store.refuse("paris", "a.csv", Refusal("an earlier reason"))
    store.refuse("paris", "a.csv", refusal)
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((kept,), refusal)
    assert list(store.paths("paris")) == [path]


def test_a_move_forgets_the_refusal(store: Store, kept: Name) -> None:
    store.refuse("paris", "a.csv", Refusal("no"))
    store.move("paris", Move("a.csv", take=kept))
    assert store.path("paris", "a.csv").refusal is None


def test_a_move_leaves_the_refusal_that_comes_with_it(store: Store, kept: Name) -> None:
    refusal = Refusal("it gave way", "c" * 64, {"lines": 3})
    store.refuse("paris", "a.csv", Refusal("an earlier reason"))
    store.move("paris", Move("a.csv", take=kept))
    assert store.move("paris", Move("a.csv", drop=(kept,), refusal=refusal)) is True
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((), refusal)
    store.move("paris", Move("a.csv"))
    assert store.path("paris", "a.csv").refusal is None


def test_a_move_is_made_only_while_its_path_is_as_expected(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    assert store.move("paris", Move("a.csv", take=kept, expected=(other,))) is False
    assert list(store.paths("paris")) == []
    assert store.move("paris", Move("a.csv", take=kept, expected=())) is True
    store.refuse("paris", "a.csv", Refusal("no"))
    before = store.path("paris", "a.csv")
    for expected in ((), (other,), (kept, other), (other, kept)):
        move = Move("a.csv", other, (kept,), Origin("v2", "2"), "2", "2", "refuse", expected)
        assert store.move("paris", move) is False
        assert store.path("paris", "a.csv") == before
    assert store.move("paris", Move("a.csv", other, (kept,), expected=(kept,))) is True
    assert store.path("paris", "a.csv").names == (other,)
    assert {record.name: record.paths for record in store.files("paris")} == {kept: set(), other: {"a.csv"}}


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


def test_of_all_who_expect_the_same_of_a_path_one_moves_it(store: Store) -> None:
    names = [store.keep(contribution(csv(flow(packets=number)))).name for number in range(6)]
    moved = at_once(6, lambda number: store.move("paris", Move("a.csv", take=names[number], expected=())))
    assert sorted(moved) == [False] * 5 + [True]
    (name,) = store.path("paris", "a.csv").names
    assert moved[names.index(name)] is True
    assert [record.name for record in store.files("paris") if record.paths] == [name]


# Versions of an object.


def test_a_path_of_a_file_on_a_disk_has_no_versions(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", take=kept))
    store.refuse("paris", "b.csv", Refusal("no"))
    assert [path.versions for path in store.paths("paris")] == [Versions(), Versions()]


def test_a_move_remembers_the_version_that_was_read_and_its_place_among_others(store: Store, kept: Name) -> None:
    move = Move("a.csv", kept, origin=Origin("v2", "2F"), first="2F", last="2F")
    for _ in range(2):
        store.move("paris", move)
    assert store.path("paris", "a.csv").versions == Versions(frozenset({"v2"}), "2F", "2F")
    store.move("paris", Move("a.csv", origin=Origin("v3", "3A"), last="3A"))
    store.move("paris", Move("a.csv", origin=Origin("v1", "1")))
    versions = Versions(frozenset({"v1", "v2", "v3"}), "2F", "3A")
    assert store.path("paris", "a.csv").versions == versions
    store.move("paris", Move("a.csv", drop=(kept,)))
    assert store.path("paris", "a.csv").versions == versions
    assert [path.versions for path in store.paths("paris")] == [versions]


def test_a_refusal_settles_the_version_that_was_read_and_leaves_the_rest(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", kept, origin=Origin("v1", "1"), first="1", last="1"))
    for _ in range(2):
        store.refuse("paris", "a.csv", Refusal("no"), "v2")
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((kept,), Refusal("no"))
    assert path.versions == Versions(frozenset({"v1", "v2"}), "1", "1")


def test_a_version_may_be_settled_without_a_refusal(store: Store) -> None:
    store.refuse("paris", "a.csv", None, "v1")
    assert store.path("paris", "a.csv").refusal is None
    store.refuse("paris", "a.csv", Refusal("no"), "v2")
    store.refuse("paris", "a.csv", None, "v3")
    (path,) = store.paths("paris")
    assert path.refusal == Refusal("no")
    assert path.versions == Versions(frozenset({"v1", "v2", "v3"}))


def test_no_version_is_lost_of_all_that_are_settled_at_once(store: Store, kept: Name) -> None:
    def settle(number: int) -> None:
        version = f"v{number}"
        if number % 2:
            store.refuse("paris", "a.csv", Refusal("no"), version)
        else:
            store.move("paris", Move("a.csv", kept, origin=Origin(version, str(number))))

    at_once(6, settle)
    path = store.path("paris", "a.csv")
    assert path.names == (kept,)
    assert path.versions.final == {f"v{number}" for number in range(6)}


# What is pending.


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


# Many at once.


def test_eight_threads_that_apply_the_same_chunks_count_them_once(store: Store) -> None:
    news = at_once(8, lambda _: [store.apply(ONE, 1, number, chunk) for number, chunk in enumerate(CHUNKS)])
    assert [sum(column) for column in zip(*news, strict=True)] == [1] * len(CHUNKS)
    assert rows(store) == shown(all_rows())


def test_eight_threads_that_apply_other_contributions_lose_none(store: Store) -> None:
    at_once(8, lambda number: [store.apply(name_of(number * 10 + each), 1, 0, CHUNK) for each in range(5)])
    ((_, _, _, figures),) = rows(store)
    assert figures == {name: value * 40 for name, value in CHUNK[0].sums.items()}


def test_eight_threads_that_apply_all_revisions_in_any_order_end_at_the_highest(store: Store) -> None:
    began = threading.Barrier(8)

    class Kept:
        # Threads share the store, so none of them closes it.
        apply = staticmethod(store.apply)
        close = staticmethod(lambda: None)

    at_once(8, lambda seed: apply_everything(Kept, seed, began))  # type: ignore[arg-type]  # any store
    assert rows(store) == counted_twice()


def test_four_processes_that_apply_all_revisions_in_any_order_end_at_the_highest(
    backend: Backend, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not backend.shared:
        pytest.skip("lives in one process")
    news = processes_at_once(monkeypatch, 4, apply_in_process, backend.open)
    assert len(news) == 4
    assert rows(store) == counted_twice()


def all_rows() -> list[PairMonth]:
    return sorted((row for chunk in CHUNKS for row in chunk), key=lambda row: row.source)


def counted_twice() -> list[Row]:
    return shown(row.with_sums({name: 2 * value for name, value in row.sums.items()}) for row in all_rows())


def test_chunks_may_be_applied_while_they_are_read_and_others_write(store: Store) -> None:
    head = store.keep(contribution(many_pairs(250)))
    original, number = store.apply, count()

    def others_first(*arguments: int | Name | Chunk) -> bool:
        at_once(1, lambda _: original(name_of(next(number)), 1, 0, CHUNK))
        return original(*arguments)  # type: ignore[arg-type]  # passed on as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "apply", others_first)
        consolidate(store, head, 1)
    assert store.applied(head.name, 1) == set(range(head.chunks))


# Several writes together, where the store can.


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
