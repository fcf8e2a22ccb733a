"""What every store adds up to when threads or processes write to it at once: as if one came after the other."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

import pytest

from iotagg.pipeline import consolidate
from tests.pipeline.csvs import contribution, many_pairs, shown
from tests.stores.counted import CHUNK, ONE, rows
from tests.stores.racing import CHUNKS, apply_everything, apply_in_process, at_once, name_of, processes_at_once

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row
    from tests.stores.backends import Backend


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
