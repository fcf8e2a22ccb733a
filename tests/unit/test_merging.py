"""What is known stays, what is missing is taken, and what does not agree is left out; from any middle to one end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.contribution import Head, Name
from iotagg.core.ledger import FORGOTTEN, FileRecord, Move, Origin, PathRecord, Refusal, Versions
from iotagg.core.merging import COUNTED_OTHERWISE, ERASED_THERE, KNOWN_OTHERWISE, RETRACTED_HERE, Merge, merged

if TYPE_CHECKING:
    from collections.abc import Iterable

A, B, C = (Name("paris", letter * 64, "0" * 16) for letter in "abc")
A_OTHERWISE = Name("paris", "a" * 64, "1" * 16)
NAMES = (A, B, C)
REFUSAL = Refusal("odd", str(C), {"lines": 1})
NOTHING_KNOWN: dict[Name, list[FileRecord]] = {name: [] for name in NAMES}


def path(*names: Name, refusal: Refusal | None = None, versions: Versions | None = None) -> PathRecord:
    return PathRecord("paris", "a.csv", names, refusal, versions or Versions())


def record(name: Name, **known: Any) -> FileRecord:
    head = Head(
        name=name,
        reading={},
        reader=1,
        length=0,
        lines={},
        day_order="",
        totals={},
        pairs=0,
        pair_months=0,
        pair_days=0,
        first_day="",
        last_day="",
        buckets=(),
        chunk_bytes=(),
    )
    return FileRecord(head, **known)


def carried_out(merge: Merge, known: PathRecord, moves: int | None = None) -> PathRecord:
    """Return what is known of the path when so many of the moves are made, or all, with the versions after them."""
    for move in merge.moves[:moves]:
        assert move.fits(known)
        known = move.applied_to(known)
    if moves is None:
        known = replace(known, versions=replace(known.versions, final=known.versions.final | frozenset(merge.versions)))
    return known


def test_a_path_that_is_not_known_becomes_what_it_is() -> None:
    whole = path(A, B, refusal=REFUSAL, versions=Versions(frozenset(("v1", "v2")), "01", "02"))
    merge = merged(whole, path(), NOTHING_KNOWN)
    assert [move.take for move in merge.moves] == [A, B]
    assert (merge.versions, merge.refused) == (("v2",), {})
    assert carried_out(merge, path()) == whole


def test_a_path_that_was_only_refused_becomes_so() -> None:
    refused = path(refusal=REFUSAL, versions=Versions(frozenset(("v1",))))
    merge = merged(refused, path(), {})
    assert merge.moves == (Move("a.csv", origin=Origin("v1"), expected=(), refusal=REFUSAL),)
    assert carried_out(merge, path()) == refused
    assert merged(refused, refused, {}) == Merge()


def test_of_a_path_that_is_empty_there_is_nothing_to_say() -> None:
    assert merged(path(), path(), {}) == Merge()


def test_what_is_missing_is_taken_and_the_known_refusal_stays() -> None:
    known = path(A, refusal=Refusal("known"))
    merge = merged(path(A, B, refusal=REFUSAL), known, NOTHING_KNOWN)
    assert carried_out(merge, known) == path(A, B, refusal=Refusal("known"))


def test_more_than_is_asked_for_stays() -> None:
    known = path(A, B)
    merge = merged(path(A, versions=Versions(frozenset(("v1",)))), known, NOTHING_KNOWN)
    assert merge == Merge(versions=("v1",))


def test_other_content_stays_and_refuses_what_is_not_known() -> None:
    assert merged(path(A, B), path(B), NOTHING_KNOWN) == Merge(refused={A: KNOWN_OTHERWISE})
    assert merged(path(A), path(C), NOTHING_KNOWN) == Merge(refused={A: KNOWN_OTHERWISE})


def test_a_content_that_is_counted_with_other_options_is_left_out() -> None:
    readings = NOTHING_KNOWN | {A: [record(A_OTHERWISE, revision=1, paths=frozenset(("b.csv",)))]}
    assert merged(path(A), path(), readings) == Merge(refused={A: COUNTED_OTHERWISE})
    assert merged(path(A), path(), readings, again=True).refused == {A: COUNTED_OTHERWISE}
    out = NOTHING_KNOWN | {A: [record(A_OTHERWISE, revision=2)]}
    assert carried_out(merged(path(A), path(), out), path()) == path(A)


def test_a_retracted_content_comes_back_only_again() -> None:
    readings = NOTHING_KNOWN | {A: [record(A, revision=2, retracted="a.csv")]}
    merge = merged(path(A, B), path(), readings)
    assert merge.refused == {A: RETRACTED_HERE}
    assert carried_out(merge, path()) == path(B)
    assert carried_out(merged(path(A, B), path(), readings, again=True), path()) == path(A, B)


def test_a_forgotten_content_comes_back_only_again_however_it_was_read() -> None:
    for name in (A, A_OTHERWISE):
        readings = NOTHING_KNOWN | {A: [record(name, revision=2, erased=True)]}
        assert merged(path(A), path(), readings) == Merge(refused={A: FORGOTTEN})
        assert carried_out(merged(path(A), path(), readings, again=True), path()) == path(A)


def test_what_was_forgotten_is_said_also_where_a_remainder_counts() -> None:
    remainder = record(A_OTHERWISE, revision=1, paths=frozenset(("a.csv",)))
    readings = NOTHING_KNOWN | {A: [record(A, revision=2, erased=True), remainder]}
    assert merged(path(A), path(A_OTHERWISE), readings) == Merge(refused={A: FORGOTTEN})
    assert merged(path(A), path(A_OTHERWISE), readings, again=True) == Merge(refused={A: COUNTED_OTHERWISE})


def test_what_remains_of_a_forgotten_content_is_taken_where_it_is_known() -> None:
    tombstone = record(A_OTHERWISE, revision=2, erased=True)
    for remainder in (record(A, revision=1, paths=frozenset(("b.csv",))), record(A, revision=2)):
        merge = merged(path(A), path(), NOTHING_KNOWN | {A: [tombstone, remainder]})
        assert carried_out(merge, path()) == path(A)


@pytest.mark.parametrize(("revision", "out"), [(0, 0), (1, 2), (2, 2)])
def test_what_was_forgotten_is_out_wherever_else_that_is_known(revision: int, out: int) -> None:
    there = record(A, revision=revision, retracted="a.csv", erased=True)
    assert there.forgotten_elsewhere() == record(A, revision=out, retracted="a.csv", erased=True)


def test_what_is_lost_is_left_out_unless_it_is_known() -> None:
    assert merged(path(A, B), path(), NOTHING_KNOWN, lost=[A]).refused == {A: ERASED_THERE}
    tombstone = NOTHING_KNOWN | {A: [record(A, revision=2, erased=True)]}
    assert merged(path(A), path(), tombstone, lost=[A]).refused == {A: FORGOTTEN}
    assert merged(path(A), path(), tombstone, again=True, lost=[A]).refused == {A: ERASED_THERE}
    stored = NOTHING_KNOWN | {A: [record(A, revision=1, paths=frozenset(("b.csv",)))]}
    assert carried_out(merged(path(A), path(), stored, lost=[A]), path()) == path(A)


def test_what_is_known_of_versions_covers_both() -> None:
    known = path(A, versions=Versions(frozenset(("v1",)), "05", "05"))
    more = path(A, B, versions=Versions(frozenset(("v1", "v2")), "04", "06"))
    assert carried_out(merged(more, known, NOTHING_KNOWN), known).versions == more.versions
    less = path(A, B, versions=Versions(frozenset(("v2",)), "06", "04"))
    assert carried_out(merged(less, known, NOTHING_KNOWN), known).versions == Versions(
        frozenset(("v1", "v2")), "05", "05"
    )
    on_disk = path(A, B)
    assert carried_out(merged(on_disk, known, NOTHING_KNOWN), known).versions == known.versions


names = st.permutations(NAMES).flatmap(lambda order: st.integers(0, 3).map(lambda length: order[:length]))
sequencers = st.sampled_from(["", "01", "02", "0A"])
versions = st.builds(Versions, st.frozensets(st.sampled_from(["v1", "v2", "v3"])), sequencers, sequencers)
refusals = st.sampled_from([None, REFUSAL, Refusal("other")])


@st.composite
def paths(draw: st.DrawFn) -> PathRecord:
    return path(*draw(names), refusal=draw(refusals), versions=draw(versions))


@given(paths(), paths(), st.integers(0, 4))
def test_from_any_middle_it_comes_to_the_same_end(whole: PathRecord, known: PathRecord, moves: int) -> None:
    merge = merged(whole, known, NOTHING_KNOWN)
    end = carried_out(merge, known)
    middle = carried_out(merge, known, moves)
    assert carried_out(merged(whole, middle, NOTHING_KNOWN), middle) == end
    assert merged(whole, end, NOTHING_KNOWN) == Merge(refused=merge.refused)
    assert_nothing_is_lost(known, whole.names, end, merge)


def assert_nothing_is_lost(known: PathRecord, wanted: Iterable[Name], end: PathRecord, merge: Merge) -> None:
    assert end.names[: len(known.names)] == known.names
    assert set(end.names) == set(known.names) | (set(wanted) - set(merge.refused))
    assert known.versions.final <= end.versions.final
    assert known.refusal is None or known.refusal == end.refusal
