"""What every store keeps beside its sums: the rank of a month, and who comes first by it."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.books import Held
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import MEASURES, SIDES, Rank, rank_of, size_of
from tests.examples import examples
from tests.stores.racing import at_once, name_of, pair_month

if TYPE_CHECKING:
    from iotagg.core.ranks import Side
    from iotagg.stores.protocol import Store
    from tests.stores.backends import Backend

ONE, OTHER = name_of(1), name_of(2)
DEVICE, PEER, MONTH = "192.168.1.7", "192.0.2.1", "2022-12"
PAIR = ("paris", DEVICE, PEER)
ODD = Rank(stands_out=True, steady=False, sizes=(5, 4, 3, 2))
CALM = Rank(stands_out=False, steady=True, sizes=(1, 1, 1, 1))


def only(store: Store, month: str = MONTH) -> tuple[PairMonth, Rank | None]:
    """Return the pair's month, and its rank."""
    (found,) = store.ranked_months(*PAIR, month, month)
    return found


def rank(store: Store, row: PairMonth, rank: Rank | None = ODD, site: str = "paris") -> bool:
    return store.put_rank(site, row, rank)


@pytest.fixture
def row(store: Store) -> PairMonth:
    store.apply(ONE, 1, 0, [pair_month(DEVICE), pair_month(DEVICE, "2023-01")])
    return only(store)[0]


# A rank and its sums.


def test_a_month_has_no_rank_before_it_is_given_one(store: Store, row: PairMonth) -> None:
    assert only(store) == (pair_month(DEVICE), None)
    assert list(store.ranks("paris", MONTH)) == []


def test_a_rank_stays_with_its_month_until_it_is_replaced(store: Store, row: PairMonth) -> None:
    assert rank(store, row) is True
    store.apply(OTHER, 1, 0, [pair_month(DEVICE)])
    (grown, standing), other = store.ranked_months(*PAIR)
    assert (grown.sums["flows"], standing, other) == (2, ODD, (pair_month(DEVICE, "2023-01"), None))
    assert list(store.ranks("paris", MONTH)) == [(DEVICE, PEER, ODD)]
    assert rank(store, grown, CALM) is True
    assert only(store)[1] == CALM
    for measure in MEASURES:
        assert list(store.ranks("paris", MONTH, measure)) == [(DEVICE, PEER, CALM)]


def test_a_rank_is_put_only_while_the_sums_are_those_it_was_made_of(store: Store, row: PairMonth) -> None:
    rank(store, row, CALM)
    store.apply(OTHER, 1, 0, [pair_month(DEVICE)])
    assert rank(store, row) is False
    assert rank(store, row, None) is False
    assert only(store)[1] == CALM
    store.apply(OTHER, 2, 0, [pair_month(DEVICE)])
    assert rank(store, row) is True
    assert only(store)[1] == ODD


@pytest.mark.parametrize(
    "other",
    [
        {"flows": 1, "dur": 7, "dur_sq": 49, "f02": 1, "d02": 7},
        {"flows": 1, "dur": 7, "dur_sq": 49, "pkt": 1, "pkt_sq": 1, "f01": 1, "d01": 7, "p01": 1},
        {"flows": 1, "f01": 1},
    ],
)
def test_sums_that_moved_to_another_day_or_came_beside_are_other_sums(
    store: Store, row: PairMonth, other: dict[str, int]
) -> None:
    changed = row.with_sums(other)
    assert rank(store, changed) is False
    store.apply(ONE, 2, 0, [pair_month(DEVICE)])
    store.apply(OTHER, 1, 0, [changed])
    assert rank(store, row) is False
    assert rank(store, changed) is True


def test_figures_that_are_0_are_as_good_as_absent(store: Store, row: PairMonth) -> None:
    store.apply(OTHER, 1, 0, [pair_month(DEVICE, flows=1, pkt=1, pkt_sq=1, f09=1, p09=1)])
    store.apply(OTHER, 2, 0, [pair_month(DEVICE, flows=1, pkt=1, pkt_sq=1, f09=1, p09=1)])
    assert rank(store, row) is True
    assert rank(store, row.with_sums(row.sums | {"pkt": 0, "p09": 0})) is True


def test_putting_a_rank_again_changes_nothing(store: Store, row: PairMonth) -> None:
    assert [rank(store, row), rank(store, row)] == [True, True]
    assert list(store.ranks("paris", MONTH)) == [(DEVICE, PEER, ODD)]
    assert [rank(store, row, None), rank(store, row, None)] == [True, True]
    assert list(store.ranks("paris", MONTH)) == []


def test_a_rank_that_is_taken_away_leaves_the_sums(store: Store, row: PairMonth) -> None:
    rank(store, row)
    assert rank(store, row, None) is True
    assert only(store) == (pair_month(DEVICE), None)
    assert store.months(*PAIR, MONTH, MONTH) == [pair_month(DEVICE)]


def test_an_emptied_month_is_there_while_it_has_a_rank_and_with_ranks_only(store: Store, row: PairMonth) -> None:
    rank(store, row)
    store.apply(ONE, 2, 0, [pair_month(DEVICE), pair_month(DEVICE, "2023-01")])
    assert store.months(*PAIR) == []
    empty, standing = only(store)
    assert (empty.sums.get("flows", 0), standing) == (0, ODD)
    assert rank(store, row, None) is False
    assert rank(store, empty, None) is True
    assert store.ranked_months(*PAIR) == []
    assert list(store.ranks("paris", MONTH)) == []


def test_a_month_without_flows_is_given_no_rank(store: Store, row: PairMonth) -> None:
    nothing = PairMonth(DEVICE, "192.0.2.99", MONTH, {})
    assert rank(store, nothing) is True
    assert rank(store, nothing, None) is True
    assert store.ranked_months("paris", DEVICE, "192.0.2.99") == []
    assert list(store.ranks("paris", MONTH)) == []
    assert store.erase_empty() == 0


def test_a_month_that_is_not_there_is_not_ranked(store: Store, row: PairMonth) -> None:
    assert rank(store, pair_month("192.168.1.8")) is False
    assert store.ranked_months("paris", "192.168.1.8", PEER) == []
    assert [each.source for each in store.scan("paris")] == [DEVICE, DEVICE]


def test_no_reader_of_sums_sees_a_rank(store: Store, row: PairMonth) -> None:
    before = [list(store.scan("paris")), store.months(*PAIR), list(store.held()), store.held_month(*PAIR, MONTH)]
    rank(store, row)
    assert [
        list(store.scan("paris")),
        store.months(*PAIR),
        list(store.held()),
        store.held_month(*PAIR, MONTH),
    ] == before
    store.apply(OTHER, 1, 0, [pair_month(DEVICE)])
    assert only(store)[0].sums["flows"] == 2


def test_a_month_is_corrected_whatever_its_rank(store: Store, row: PairMonth) -> None:
    rank(store, row)
    held = store.held_month(*PAIR, MONTH)
    assert held is not None
    assert store.correct(held, {"flows": 5, "dur": 9}) is True
    assert store.months(*PAIR, MONTH, MONTH)[0].sums == {"flows": 5, "dur": 9}
    assert store.correct(Held(*held.key, {"flows": 5, "dur": 9}), {}) is True
    assert store.months(*PAIR, MONTH, MONTH) == []


def test_ranked_months_are_cut_as_months_are(store: Store, row: PairMonth) -> None:
    assert [each.month for each, _ in store.ranked_months(*PAIR)] == [MONTH, "2023-01"]
    assert [each.month for each, _ in store.ranked_months(*PAIR, "2023-01")] == ["2023-01"]
    assert store.ranked_months(*PAIR, "2023-01", "2022-12") == []
    assert store.ranked_months("tokyo", DEVICE, PEER) == []


def test_of_all_who_put_a_rank_at_once_one_stays(store: Store, row: PairMonth) -> None:
    def work(thread: int) -> None:
        for turn in range(5):
            assert rank(store, row, Rank(stands_out=True, steady=bool(thread % 2), sizes=(thread, turn, 0, 0)))

    at_once(4, work)
    ((*pair, found),) = store.ranks("paris", MONTH)
    assert (pair, found) == ([DEVICE, PEER], only(store)[1])
    for measure in MEASURES[1:]:
        assert list(store.ranks("paris", MONTH, measure)) == [(DEVICE, PEER, found)]


def test_ranks_are_put_while_sums_change(store: Store, row: PairMonth) -> None:
    turns = 8

    def work(thread: int) -> None:
        for turn in range(turns):
            if thread:
                store.apply(name_of(thread + 1), turn + 1, 0, [pair_month(DEVICE)])
            else:
                rank(store, only(store)[0], Rank(stands_out=True, steady=True, sizes=(turn, 0, 0, 0)))

    at_once(3, work)
    assert store.months(*PAIR, MONTH, MONTH) == [pair_month(DEVICE)]
    assert rank(store, only(store)[0]) is True


# Ranks in order.


def filled(store: Store, ranks: list[Rank], site: str = "paris") -> None:
    months = [pair_month(f"192.168.1.{number}") for number in range(len(ranks))]
    for start in range(0, len(months), 90):
        store.apply(name_of(7, site), 1, start, months[start : start + 90])
    for row, each in zip(months, ranks, strict=True):
        assert rank(store, row, each, site)


SOME = [
    Rank(stands_out=True, steady=False, sizes=(5, 1, 2, 9)),
    Rank(stands_out=False, steady=True, sizes=(12, 1, 2, 8)),
    Rank(stands_out=False, steady=False, sizes=(7, 11, 3, 0)),
    Rank(stands_out=True, steady=True, sizes=(0, 10, 4, 8)),
    Rank(stands_out=False, steady=False, sizes=(43, 2, 4, 8)),
]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("stands_out", [None, True, False])
@pytest.mark.parametrize("steady", [None, True, False])
def test_ranks_are_sorted_by_any_size_and_filtered_by_the_flags(
    store: Store, measure: str, stands_out: bool | None, steady: bool | None
) -> None:
    filled(store, SOME)
    found = list(store.ranks("paris", MONTH, measure, stands_out=stands_out, steady=steady))
    sizes = [rank.size(measure) for *_, rank in found]
    assert sizes == sorted(sizes, reverse=True)
    expected = {
        (f"192.168.1.{number}", PEER, rank)
        for number, rank in enumerate(SOME)
        if stands_out in {None, rank.stands_out} and steady in {None, rank.steady}
    }
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("measure", ["duration", "flows"])
def test_ranks_are_those_whose_addresses_begin_so(store: Store, measure: str) -> None:
    filled(store, [Rank(number % 7 == 0, number % 3 == 0, (number % 5, 0, number % 4, 8)) for number in range(30)])
    for beginnings, numbers in [
        (("192.168.1.1", ""), {1, *range(10, 20)}),
        (("192.168.1.1", "192.0."), {1, *range(10, 20)}),
        (("192.168.1.7", PEER), {7}),
        (("", PEER[:-1]), set(range(30))),
        (("", "203."), set()),
        (("2001:db8:", ""), set()),
    ]:
        found = list(store.ranks("paris", MONTH, measure, beginnings=beginnings))
        assert sorted(int(source.rpartition(".")[2]) for source, *_ in found) == sorted(numbers)
        sizes = [rank.size(measure) for *_, rank in found]
        assert sizes == sorted(sizes, reverse=True)
        odd = store.ranks("paris", MONTH, measure, stands_out=True, beginnings=beginnings)
        assert {source for source, *_ in odd} == {f"192.168.1.{number}" for number in numbers if number % 7 == 0}


def test_ranks_are_those_of_one_site_and_month(store: Store) -> None:
    filled(store, SOME)
    filled(store, SOME[:2], "tokyo")
    assert len(list(store.ranks("paris", MONTH))) == 5
    assert len(list(store.ranks("tokyo", MONTH))) == 2
    assert list(store.ranks("paris", "2022-11")) == list(store.ranks("oslo", MONTH)) == []


def test_more_ranks_than_are_read_at_once_come_in_order_and_once(store: Store) -> None:
    many = [
        Rank(stands_out=number % 7 == 0, steady=number % 3 == 0, sizes=(number % 5, 0, 0, 0)) for number in range(255)
    ]
    filled(store, many)
    found = list(store.ranks("paris", MONTH))
    assert len({source for source, *_ in found}) == len(found) == len(many)
    assert all(one.sizes[0] >= other.sizes[0] for (*_, one), (*_, other) in pairwise(found))


def test_who_takes_the_first_ranks_may_write_before_the_next(store: Store) -> None:
    filled(store, SOME)
    rows = store.ranks("paris", MONTH)
    first = next(rows)
    assert first[2].sizes[0] == 43
    assert rank(store, pair_month(first[0]), None) is True
    assert [found.sizes[0] for *_, found in islice(rows, 2)] == [12, 7]


@pytest.mark.parametrize("measure", MEASURES)
def test_the_pairs_of_a_device_are_counted_by_size_with_any_flags(store: Store, measure: str) -> None:
    others = [pair_month("192.168.1.0", destination="192.0.2.9"), pair_month(PEER, destination="192.168.1.0")]
    filled(store, SOME)
    filled(store, SOME[:2], "tokyo")
    store.apply(ONE, 1, 0, [*others, pair_month("192.168.1.1", "2022-11")])
    for month, each in zip(others, (SOME[0], SOME[3]), strict=True):
        rank(store, month, each)
    rank(store, pair_month("192.168.1.1", "2022-11"))
    sizes = [each.size(measure) for each in SOME]
    sources = dict(store.device_sizes("paris", MONTH, "source", measure))
    assert sources == {f"192.168.1.{number}": {size: 1 + (number == 0)} for number, size in enumerate(sizes)} | {
        PEER: {sizes[3]: 1}
    }
    destinations = dict(store.device_sizes("paris", MONTH, "destination", measure))
    assert destinations == {PEER: Counter(sizes), "192.0.2.9": {sizes[0]: 1}, "192.168.1.0": {sizes[3]: 1}}
    assert list(store.device_sizes("paris", "2022-10", "source")) == []
    assert list(store.device_sizes("oslo", MONTH, "source")) == []


@pytest.mark.parametrize("side", SIDES)
def test_the_ranks_of_devices_are_those_that_have_them_on_that_side(store: Store, side: Side) -> None:
    filled(store, SOME)
    filled(store, SOME, "tokyo")
    month = pair_month(PEER, destination="192.168.1.0")
    store.apply(ONE, 1, 0, [month])
    rank(store, month)
    everyone = list(store.ranks("paris", MONTH))
    for devices in ({PEER}, {"192.168.1.0"}, {"192.168.1.0", "192.168.1.3", "192.168.9.9"}, {"192.168.9.9"}, set()):
        found = list(store.device_ranks("paris", MONTH, side, devices))
        assert sorted(map(str, found)) == sorted(str(each) for each in everyone if each[SIDES.index(side)] in devices)
    assert list(store.device_ranks("paris", "2022-11", side, {PEER, DEVICE})) == []


def test_the_largest_of_a_device_follow_what_is_stored(store: Store, row: PairMonth) -> None:
    rank(store, row, CALM)
    rank(store, row, ODD)
    assert list(store.device_sizes("paris", MONTH, "source")) == [(DEVICE, {5: 1})]
    store.raise_floor("2023-01")
    assert list(store.device_sizes("paris", MONTH, "source")) == []
    assert list(store.device_ranks("paris", MONTH, "source", {DEVICE})) == []


sums = st.dictionaries(st.sampled_from(["dur", "pkt", "f01", "d01"]), st.integers(0, 10**6), max_size=4).map(
    lambda drawn: {"flows": 1, **drawn}
)


@settings(deadline=None, max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), sums | st.none(), st.booleans(), st.booleans()), max_size=12))
def test_any_sequence_of_ranks_ends_in_the_last_of_each(
    backend: Backend, steps: list[tuple[int, dict[str, int] | None, bool, bool]]
) -> None:
    store = backend.open()
    site = f"site{next(SITES)}"
    expected: dict[str, Rank | None] = {}
    months: dict[str, PairMonth] = {}
    for number, (device, figures, *flags) in enumerate(steps):
        source = f"192.168.1.{device}"
        month = months.get(source)
        if figures is not None:
            held = Held(site, source, PEER, MONTH, {} if month is None else {**month.sums})
            wanted = {name: value for name, value in figures.items() if value}
            assert store.correct(held, wanted)
            month = months[source] = PairMonth(source, PEER, MONTH, wanted)
        if month is not None:
            made = rank_of(month, *flags) if number % 4 else None
            assert store.put_rank(site, month, made)
            expected[source] = made
    ranked = {source: each for source, each in expected.items() if each is not None}
    for measure in MEASURES:
        assert {source: found for source, _, found in store.ranks(site, MONTH, measure)} == ranked


SITES = iter(range(1_000_000))


# Months by their keys, and by their source.


def test_several_months_are_found_by_their_keys_however_many(store: Store) -> None:
    months = [pair_month(f"192.168.{number % 5}.{number}") for number in range(240)]
    for start in range(0, len(months), 80):
        store.apply(ONE, 1, start, months[start : start + 80])
    missing = [("192.168.9.9", f"192.0.2.{number}", MONTH) for number in range(10)]
    keys = [*missing, *((row.source, row.destination, row.month) for row in months)]
    found = sorted(store.several_months("paris", iter(keys)), key=lambda row: row.source)
    assert len(keys) == 250
    assert found == sorted(months, key=lambda row: row.source)
    assert list(store.several_months("tokyo", keys)) == list(store.several_months("paris", [])) == []


def test_several_months_that_are_empty_are_left_out_and_the_same_key_may_come_twice(
    store: Store, row: PairMonth
) -> None:
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.8")])
    store.apply(OTHER, 2, 0, [pair_month("192.168.1.8")])
    keys = [(DEVICE, PEER, MONTH), ("192.168.1.8", PEER, MONTH), (DEVICE, PEER, MONTH)]
    assert list(store.several_months("paris", keys)) == [pair_month(DEVICE)]


def test_a_source_has_its_months_sorted_by_destination_and_month(store: Store) -> None:
    keys = [("192.0.2.1", "2022-12"), ("192.0.2.1", "2023-01"), ("192.0.2.10", "2022-01"), ("192.0.2.9", "2022-12")]
    months = [pair_month(DEVICE, month, destination) for destination, month in [*keys, ("2001:db8::7", "2022-12")]]
    store.apply(ONE, 1, 0, [*reversed(months), pair_month("192.168.1.70"), pair_month(PEER, destination=DEVICE)])
    store.apply(OTHER, 1, 0, [pair_month(DEVICE, "2022-11")])
    store.apply(OTHER, 2, 0, [pair_month(DEVICE, "2022-11")])
    assert list(store.source_months("paris", DEVICE)) == months
    assert list(store.source_months("tokyo", DEVICE)) == []


# What is kept no longer.


def test_below_the_floor_there_are_neither_months_nor_ranks(store: Store, row: PairMonth) -> None:
    later = only(store, "2023-01")[0]
    for each in (row, later):
        rank(store, each)
    for _ in range(2):
        store.raise_floor("2023-01")
        assert store.ranked_months(*PAIR) == [(later, ODD)]
        assert list(store.ranks("paris", MONTH)) == []
        assert list(store.ranks("paris", "2023-01")) == [(DEVICE, PEER, ODD)]
        assert list(store.several_months("paris", [(DEVICE, PEER, MONTH), (DEVICE, PEER, "2023-01")])) == [later]
        assert list(store.source_months("paris", DEVICE)) == [later]
        store.erase_below_floor()
    assert [each.month for each, _ in store.ranked_months(*PAIR)] == ["2023-01"]


@pytest.fixture
def emptied(store: Store) -> Store:
    """Two devices that are gone at a site, and one that is left at it, all of them once ranked."""
    gone = [pair_month(DEVICE), pair_month("192.168.1.8"), pair_month("192.168.1.9", destination=DEVICE)]
    left = [pair_month("192.168.1.10"), pair_month(DEVICE, "2023-01")]
    store.apply(ONE, 1, 0, [*gone, *left])
    for each in (*gone, *left):
        rank(store, each)
    store.apply(OTHER, 2, 0, gone)
    store.apply(ONE, 2, 0, [*gone, *left])
    store.apply(OTHER, 3, 0, left)
    return store


def ranked(store: Store, month: str = MONTH) -> list[str]:
    return sorted(source for source, *_ in store.ranks("paris", month))


def test_with_what_is_empty_of_a_device_its_ranks_go(emptied: Store) -> None:
    before = ["192.168.1.10", DEVICE, "192.168.1.8", "192.168.1.9"]
    assert ranked(emptied) == sorted(before)
    assert emptied.erase_empty("paris", DEVICE) == 2
    assert ranked(emptied) == ["192.168.1.10", "192.168.1.8"]
    assert ranked(emptied, "2023-01") == [DEVICE]


@pytest.mark.parametrize("site", ["paris", ""])
def test_with_what_is_empty_of_a_site_its_ranks_go(emptied: Store, site: str) -> None:
    assert emptied.erase_empty("tokyo") == 0
    assert len(ranked(emptied)) == 4
    assert emptied.erase_empty(site) == 3
    assert ranked(emptied) == ["192.168.1.10"]
    assert ranked(emptied, "2023-01") == [DEVICE]
    assert emptied.erase_empty(site) == 0


def test_the_size_of_a_total_is_what_its_rank_says(store: Store, row: PairMonth) -> None:
    rank(store, row, rank_of(row, True, False))
    ((*_, found),) = store.ranks("paris", MONTH, "flows")
    assert found.size("duration") == size_of(7)
    assert found.size("flows") == size_of(1)
