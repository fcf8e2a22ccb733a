"""Ranks of a pair's months."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.judging.ranking import are_flags_old, months_judged, months_needed, ranks_of
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import rank_of
from tests.unit.judging.months import SOURCE, iso, months


def ranks(rows: list[PairMonth], first: str = "2022-01", last: str = "2023-12") -> dict[str, tuple[bool, bool, int]]:
    found = ranks_of(rows, first, last)
    return {month: rank.flags for month, rank in found.items() if rank is not None}


def test_the_ranks_of_a_pair_tell_its_odd_months_its_steadiness_and_when_it_was_new() -> None:
    rows = months({**dict.fromkeys(range(60), 100), 45: 5_000})
    assert ranks(rows) == {"2022-10": (False, True, 3), "2022-11": (True, True, 0), "2022-12": (False, True, 0)}
    found = ranks_of(rows, "2022-12", "2022-12")
    assert found == {"2022-12": rank_of(rows[2], False, True)}


def test_a_silence_within_a_month_marks_it() -> None:
    assert ranks(months(dict.fromkeys([*range(20), *range(23, 70)], 100)))["2022-10"] == (True, True, 3)


def test_a_silence_beyond_a_month_is_left_to_who_looks_at_the_steady() -> None:
    for days in ([*range(20)], [*range(20), *range(30, 70)], [*range(20), 200]):
        assert ranks(months(dict.fromkeys(days, 100)))["2022-10"] == (False, True, 3)


def test_a_pair_is_new_again_after_a_whole_window() -> None:
    assert ranks(months({0: 1, 61: 1})) == {"2022-10": (False, False, 3), "2022-12": (False, False, 3)}
    assert ranks(months({0: 1, 60: 1})) == {"2022-10": (False, False, 3), "2022-12": (False, False, 0)}


def test_a_month_without_flows_has_no_rank() -> None:
    assert ranks_of([PairMonth(SOURCE, "198.51.100.9", "2022-12", {})], "2022-12", "2022-12") == {"2022-12": None}


@given(st.dictionaries(st.integers(0, 400), st.sampled_from([1, 90, 100, 110, 3_000]), min_size=1), st.data())
def test_what_changed_in_a_month_changes_no_ranks_but_those_that_are_judged_again(
    flows: dict[int, int], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, 400))
    before, after = months(flows), months({**flows, changed: 7_000})
    first, last = months_judged(iso(changed)[:7])
    one, other = ranks_of(before, "2022-01", "2024-12"), ranks_of(after, "2022-01", "2024-12")
    outside = {month for month in {*one, *other} if not first <= month <= last}
    assert {month: one.get(month) for month in outside} == {month: other.get(month) for month in outside}
    begin, end = months_needed(first, last)
    needed = [row for row in after if begin <= row.month <= end]
    assert ranks_of(needed, first, last) == {month: rank for month, rank in other.items() if first <= month <= last}


def test_the_flags_of_months_whose_window_reaches_below_the_floor_may_be_old() -> None:
    months_after = ["2022-12", "2023-01", "2023-02", "2023-03"]
    assert [are_flags_old("2022-12", month) for month in months_after] == [True, True, False, False]
    assert [are_flags_old("2023-01", month) for month in months_after] == [True, True, True, True]
    assert not are_flags_old("", "0001-01")
    assert are_flags_old("0001-01", "0001-01")
