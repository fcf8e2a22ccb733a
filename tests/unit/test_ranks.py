"""Ranks: classes of totals, texts that sort, and what a damaged one is taken for."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import (
    LETTERS,
    MEASURES,
    PACE_PACKETS,
    SIDES,
    Rank,
    beginning_with,
    bounds,
    flags_text,
    flags_wanted,
    of_devices,
    rank_of,
    size_of,
    sizes_by_device,
    totals_of,
)

totals = st.integers(0, MAX_SUM)
sizes = st.tuples(*[st.integers(0, size_of(MAX_SUM)) for _ in MEASURES])
ranks = st.builds(Rank, st.booleans(), st.booleans(), sizes, st.integers(0, 31))


def month(**sums: int) -> PairMonth:
    return PairMonth("192.168.1.7", "192.0.2.1", "2022-12", sums)


@pytest.mark.parametrize(
    ("total", "size"), [(0, 0), (1, 1), (7, 1), (8, 2), (63, 2), (64, 3), (8**12 - 1, 12), (8**12, 13), (MAX_SUM, 43)]
)
def test_a_size_is_a_class_by_factor_8(total: int, size: int) -> None:
    assert size_of(total) == size


@settings(deadline=None)
@given(totals)
def test_a_total_lies_within_the_bounds_of_its_size(total: int) -> None:
    lowest, highest = bounds(size_of(total))
    assert lowest <= total <= highest


@settings(deadline=None)
@given(st.integers(1, 43))
def test_sizes_lie_side_by_side(size: int) -> None:
    assert bounds(size)[0] == bounds(size - 1)[1] + 1
    assert size_of(bounds(size)[0]) == size_of(bounds(size)[1]) == size


@settings(deadline=None)
@given(totals, totals)
def test_a_larger_total_is_never_of_a_smaller_size(one: int, other: int) -> None:
    assert (size_of(one) <= size_of(other)) or one > other


def test_each_measure_has_a_letter_of_its_own() -> None:
    assert len({*LETTERS}) == len({*MEASURES}) == len(LETTERS) == len(MEASURES)
    assert MEASURES == ("duration", "packets", "flows", "us-per-packet")


def test_totals_are_those_of_the_measures() -> None:
    assert totals_of(month(flows=3, dur=7000, pkt=90, dur_sq=10**9)) == (7000, 90, 3, 77)


def test_with_few_packets_there_is_no_time_per_packet() -> None:
    assert totals_of(month(flows=3, dur=700, pkt=64)) == (700, 64, 3, 10)
    assert totals_of(month(flows=3, dur=700, pkt=63)) == (700, 63, 3, 0)
    assert totals_of(month(flows=3, dur=700)) == (700, 0, 3, 0)
    assert totals_of(month()) == (0, 0, 0, 0)


def test_a_size_tells_whether_there_are_enough_packets_for_a_time_per_packet() -> None:
    assert bounds(size_of(PACE_PACKETS - 1))[1] == PACE_PACKETS - 1


def test_the_text_of_a_rank_tells_flags_and_sizes() -> None:
    rank = rank_of(month(flows=3, dur=10**10, pkt=10**4), True, False, 6)
    assert str(rank) == "10.d12p05f01u07n06"
    assert rank == Rank(stands_out=True, steady=False, sizes=(12, 5, 1, 7), new=6)
    assert rank.flags == (True, False, 6)
    assert [rank.size(measure) for measure in MEASURES] == [12, 5, 1, 7]


@settings(deadline=None)
@given(ranks)
def test_a_rank_comes_back_from_its_text(rank: Rank) -> None:
    assert Rank.parse(str(rank)) == rank


@settings(deadline=None)
@given(ranks, ranks)
def test_texts_sort_by_the_flags_and_then_by_the_first_size(one: Rank, other: Rank) -> None:
    keys = [(rank.stands_out, rank.steady, rank.sizes[0]) for rank in (one, other)]
    if str(one) < str(other):
        assert keys[0] <= keys[1]
    assert str(one).startswith(flags_text(one.stands_out, one.steady))


def test_a_measure_that_is_not_known_is_passed_over_and_a_missing_one_is_0() -> None:
    assert Rank.parse("01.d12x99f03") == Rank(stands_out=False, steady=True, sizes=(12, 0, 3, 0))
    assert Rank.parse("00.") == Rank(stands_out=False, steady=False, sizes=(0, 0, 0, 0))


@pytest.mark.parametrize("text", ["", "2", "12.d01", "10d12", "10.d1", "10.D12", "10.d12 ", "10.d12\n", "10.d1x"])
def test_what_is_no_rank_is_one_that_nobody_passes_by(text: str) -> None:
    assert Rank.parse(text) == Rank(stands_out=True, steady=True, sizes=(43, 43, 43, 43))


@pytest.mark.parametrize("stands_out", [None, True, False])
@pytest.mark.parametrize("steady", [None, True, False])
def test_a_filter_lets_through_what_it_does_not_ask_about(stands_out: bool | None, steady: bool | None) -> None:
    both = (True, False)
    expected = {(one, other) for one in both for other in both if stands_out in {None, one} and steady in {None, other}}
    found = flags_wanted(stands_out, steady)
    assert set(found) == expected
    assert len(found) == len(expected)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("bcd"), ranks), max_size=20), st.sampled_from(MEASURES)
)
def test_the_pairs_of_each_device_are_counted_by_size(found: list[tuple[str, str, Rank]], measure: str) -> None:
    for place, side in enumerate(SIDES):
        counted = dict(sizes_by_device(found, side, measure))
        assert counted.keys() == {each[place] for each in found}
        for device, sizes in counted.items():
            of_device = [each[2].size(measure) for each in of_devices(found, side, {device})]
            assert sizes == Counter(of_device)
            assert [each for each in found if each[place] == device] == list(of_devices(found, side, [device, "e"]))


addresses = st.sampled_from(["10.0.0.1", "10.0.0.11", "10.1.0.1", "2001:db8::1", ""])


@given(st.lists(st.tuples(addresses, addresses, ranks)), st.sampled_from(["", "10.", "10.0.0.1", "2001:db8:", "::"]))
def test_those_whose_addresses_begin_so_are_taken_in_their_order(
    found: list[tuple[str, str, Rank]], beginning: str
) -> None:
    assert list(beginning_with(found, ("", ""))) == found
    assert list(beginning_with(found, (beginning, ""))) == [each for each in found if each[0].startswith(beginning)]
    assert list(beginning_with(found, ("10.", beginning))) == [
        each for each in found if each[0].startswith("10.") and each[1].startswith(beginning)
    ]
