"""What every store adds up to: all that came, less what was taken away, pair by pair and exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import NumberTooLarge
from tests.pipeline.csvs import shown
from tests.stores.counted import CHUNK, ONE, OTHER, PRESENT, rows
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store


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
