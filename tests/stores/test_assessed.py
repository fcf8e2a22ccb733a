"""What is to be assessed: what has reached all its chunks, until somebody says that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.csvs import contribution, csv, flow, many_pairs
from tests.stores.racing import name_of

if TYPE_CHECKING:
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store

ONE = name_of(1)


def settled(store: Store, content: bytes, revision: int, chunks: int | None = None) -> Name:
    """Count a file, up to so many of its chunks."""
    head = store.keep(contribution(content))
    store.advance(head.name, revision - 1, revision)
    for number, chunk in list(store.chunks(head.name, range(head.chunks)))[:chunks]:
        store.apply(head.name, revision, number, chunk)
    return head.name


@pytest.fixture
def listing(store: Store) -> Store:
    """A store that derives what is to be assessed; another keeps what is pending on a list until it is."""
    name = settled(store, csv(flow()), 1)
    if not list(store.outstanding("paris")):
        pytest.skip("what is to be assessed is pending there")
    store.assessed(name, 1)
    return store


def test_what_has_reached_its_chunks_is_to_be_assessed_once(listing: Store) -> None:
    name = settled(listing, csv(flow("192.0.2.9")), 1)
    assert list(listing.outstanding("paris")) == [(name, 1)]
    assert list(listing.outstanding("tokyo")) == []
    listing.assessed(name, 1)
    assert list(listing.outstanding("paris")) == []
    assert settled(listing, csv(flow("192.0.2.9")), 2) == name
    assert list(listing.outstanding("paris")) == [(name, 2)]
    listing.assessed(name, 1)
    assert list(listing.outstanding("paris")) == [(name, 2)]
    for revision in (2, 1):
        listing.assessed(name, revision)
        assert list(listing.outstanding("paris")) == []


def test_what_has_not_reached_all_chunks_is_not_to_be_assessed_yet(listing: Store) -> None:
    name = settled(listing, many_pairs(500), 1, chunks=2)
    assert list(listing.outstanding("paris")) == []
    for number, chunk in listing.chunks(name, range(listing.keep(contribution(many_pairs(500))).chunks)):
        listing.apply(name, 1, number, chunk)
    assert list(listing.outstanding("paris")) == [(name, 1)]


def test_what_is_erased_is_not_to_be_assessed(listing: Store) -> None:
    name = settled(listing, csv(flow("192.0.2.9")), 1)
    assert listing.erase(name) is True
    assert list(listing.outstanding("paris")) == []


def test_what_is_not_known_may_be_assessed(store: Store) -> None:
    store.assessed(ONE, 1)
    assert list(store.outstanding("paris")) == []
