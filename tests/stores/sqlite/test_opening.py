"""The embedded store opens its own file or makes a new one; all else is refused and left as it is."""

from __future__ import annotations

import gc
import gzip
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from iotagg.errors import NotAStore, NotFound, StoreError
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import csv, flow, put
from tests.stores.sqlite.files import LINUX, assert_one_line, names_in, open_files, run


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('mine')"],
        ["CREATE TABLE notes (text TEXT)", "PRAGMA user_version = 1"],
        ["PRAGMA application_id = 252006674"],
        ["PRAGMA user_version = 7"],
    ],
)
def test_another_programs_database_is_refused_and_left_as_it_is(file: Path, mode: str, statements: list[str]) -> None:
    run(file, f"PRAGMA journal_mode = {mode}", *statements)
    before = file.read_bytes()
    with pytest.raises(NotAStore, match=r"another program's database.*--db") as refused:
        SqliteStore(file)
    assert_one_line(refused.value)
    assert file.read_bytes() == before
    assert names_in(file.parent) == [file.name]


def test_another_programs_database_is_left_as_it_is_also_with_writes_in_its_log(tmp_path: Path) -> None:
    running, left = tmp_path / "running.db", tmp_path / "left.db"
    with closing(sqlite3.connect(running, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE notes (text TEXT)")
        for ending in ("", "-wal"):  # what it would leave if it were killed now
            shutil.copy(f"{running}{ending}", f"{left}{ending}")
    before = left.read_bytes(), Path(f"{left}-wal").read_bytes()
    with pytest.raises(NotAStore):
        SqliteStore(left)
    gc.collect()  # a connection that was left open would be closed by now
    assert Path(f"{left}-wal").exists()
    assert (left.read_bytes(), Path(f"{left}-wal").read_bytes()) == before


@pytest.mark.parametrize(
    "content",
    [
        b"xx",
        b"\r\n",
        csv(flow()),
        gzip.compress(csv(flow())),
        os.urandom(8192),
        b"SQLite format 3\0" + b"\xff" * 4080,
        b"SQLite format 3\0",
    ],
    ids=["two bytes", "a blank line", "a flow file", "a gzip file", "noise", "a damaged header", "a header cut short"],
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(NotAStore, match="--db") as refused:
        SqliteStore(file)
    assert_one_line(refused.value)
    assert file.read_bytes() == content
    assert names_in(file.parent) == [file.name]


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used") as refused:
        SqliteStore(tmp_path)
    assert_one_line(refused.value)


def test_a_place_below_a_file_is_no_place_for_a_database(tmp_path: Path) -> None:
    put(tmp_path / "flows.csv", csv(flow()))
    with pytest.raises(StoreError) as refused:
        SqliteStore(tmp_path / "flows.csv" / "store.db")
    assert_one_line(refused.value)


def test_an_empty_file_becomes_a_database(file: Path) -> None:
    file.touch()
    with closing(SqliteStore(file)) as store:
        assert store.sites() == []


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "a" / "b" / "store.db")) as store:
        assert store.file_path.exists()


def test_a_missing_database_is_not_made_for_a_question(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database at") as missing:
        SqliteStore(tmp_path / "a" / "store.db", create=False)
    assert_one_line(missing.value)
    assert list(tmp_path.iterdir()) == []


@LINUX
def test_a_refused_file_is_let_go_of(file: Path) -> None:
    run(file, "CREATE TABLE notes (text TEXT)")
    with pytest.raises(NotAStore) as refused:
        SqliteStore(file)
    assert refused.tb is not None  # what the traceback still refers to is not collected yet
    assert open_files(file) == []
