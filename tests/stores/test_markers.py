"""Every store counts a chunk once, however often it comes: its marker says which revision was the last."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.ledger import is_in
from tests.examples import examples
from tests.stores.counted import CHUNK, ONE, PRESENT, added_up, chunks, rows
from tests.stores.racing import CHUNKS, name_of

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk
    from iotagg.stores.protocol import Store


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


SITES = count()
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
