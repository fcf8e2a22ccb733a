"""A backup is one whole file, whoever writes meanwhile, or there is none."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from iotagg.errors import IotaggError
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import shown
from tests.stores.counted import ONE
from tests.stores.racing import CHUNKS, name_of
from tests.stores.sqlite.files import CHUNK, assert_one_line, names_in


def test_a_backup_made_while_others_write_is_consistent(tmp_path: Path, store: SqliteStore) -> None:
    done = threading.Event()

    def write() -> None:
        with closing(SqliteStore(store.file_path)) as writer:
            for number in count():
                writer.apply(name_of(number), 1, 0, CHUNKS[number % 3])
                if done.is_set():
                    return

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(5):
        store.backup(tmp_path / f"copy{number}.db")
    done.set()
    thread.join()
    for number in range(5):
        with closing(SqliteStore(tmp_path / f"copy{number}.db", create=False)) as copy:
            assert_consistent(copy)
    assert names_in(tmp_path) == sorted(
        [*(f"copy{number}.db" for number in range(5)), "store.db", "store.db-shm", "store.db-wal"]
    )


def assert_consistent(copy: SqliteStore) -> None:
    markers = copy._run("SELECT count(*) FROM marker").fetchone()[0]
    assert sum(row.sums["flows"] for row in copy.scan("paris")) == 96 * markers
    assert copy._run("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_backup_is_one_file_that_can_be_opened_elsewhere(tmp_path: Path, store: SqliteStore) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    (tmp_path / "elsewhere").mkdir()
    store.backup(tmp_path / "elsewhere" / "copy.db")
    assert names_in(tmp_path / "elsewhere") == ["copy.db"]
    with closing(SqliteStore(tmp_path / "elsewhere" / "copy.db", create=False)) as copy:
        assert shown(copy.scan("paris")) == shown(CHUNK)


def test_a_backup_that_fails_leaves_no_file(
    tmp_path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", raise_full)
    before = names_in(tmp_path)
    with pytest.raises((OSError, IotaggError), match="full"):
        store.backup(tmp_path / "copy.db")
    assert names_in(tmp_path) == before


def raise_full(*_: Any) -> None:
    raise OSError("full")


def test_a_backup_into_a_missing_folder_is_said(tmp_path: Path, store: SqliteStore) -> None:
    with pytest.raises(IotaggError) as refused:
        store.backup(tmp_path / "missing" / "copy.db")
    assert_one_line(refused.value)


def test_a_backup_onto_the_database_itself_is_refused(file: Path, store: SqliteStore) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    before = file.stat().st_ino
    with pytest.raises(IotaggError):
        store.backup(file)
    assert file.stat().st_ino == before
