"""Every store keeps the first cut of a contribution, and the first of its rejected lines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iotagg.core.contribution import Contribution, Name
from iotagg.core.rejects import pack
from iotagg.errors import NotFound
from tests.pipeline.csvs import contribution, csv, flow, many_pairs
from tests.stores.counted import ONE, OTHER, reject_member
from tests.stores.racing import at_once, pair_month

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk
    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Store


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
