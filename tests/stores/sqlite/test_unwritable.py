"""A database that cannot be written says so in a line, and nothing is half-written."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import StoreBusy, StoreError, StoreFull
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import csv, everything, flow, many_pairs, put
from tests.stores.counted import ONE
from tests.stores.racing import name_of, pair_month
from tests.stores.sqlite.files import CHUNK, assert_one_line

if TYPE_CHECKING:
    from pathlib import Path


def test_a_locked_database_is_said_to_be_busy_and_works_again_after(file: Path, store: SqliteStore) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"locked by another program for over 0\.1 s.*try again") as busy:
            store.apply(ONE, 1, 0, CHUNK)
        assert_one_line(busy.value)
        assert store.sites() == []  # questions are answered meanwhile
        other.execute("ROLLBACK")
    assert store.apply(ONE, 1, 0, CHUNK)


def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path, store: SqliteStore) -> None:
    request = Request(site="paris")
    upload(store, put(tmp_path / "small.csv", csv(flow())), request)
    before = everything(store)
    limit_pages(store)
    with pytest.raises(StoreFull, match=r"disk under .* is full.*nothing was half-written") as full:
        upload(store, put(tmp_path / "large.csv", many_pairs(5_000)), request)
    assert_one_line(full.value)
    assert everything(store) == before
    assert [record.path for record in store.paths("paris")] == [str(tmp_path / "small.csv")]
    store._database.connection.execute("PRAGMA max_page_count = 4294967294")
    assert upload(store, tmp_path / "large.csv", request).state == "counted"


def test_a_disk_that_fills_up_in_the_middle_of_a_chunk_leaves_no_marker(store: SqliteStore) -> None:
    limit_pages(store)
    applied = 0

    def fill_up() -> None:
        nonlocal applied
        for applied in count():
            store.apply(name_of(applied), 1, 0, [pair_month(f"192.168.{applied}.{n}") for n in range(96)])

    with pytest.raises(StoreFull):
        fill_up()
    assert store.applied(name_of(applied), 1) == frozenset()
    assert len(list(store.scan("paris"))) == 96 * applied


def limit_pages(store: SqliteStore) -> None:
    connection = store._database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 12}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    for file in (folder / "store.db", folder / "below" / "store.db"):
        with pytest.raises(StoreError, match=r"writable|permission") as refused:
            SqliteStore(file)
        assert_one_line(refused.value)
