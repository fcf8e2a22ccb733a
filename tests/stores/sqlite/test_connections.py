"""What others see of a database: transactions as a whole, whoever opens it, closes it or dies over it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from iotagg.core.ledger import Refusal
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import contribution, everything, many_pairs, shown
from tests.stores.counted import ONE
from tests.stores.racing import processes_at_once
from tests.stores.sqlite.files import CHUNK, LINUX, create_in_process, names_in, open_files


def test_others_see_a_transaction_whole_or_not_at_all(file: Path, store: SqliteStore) -> None:
    with closing(SqliteStore(file)) as other:
        with store.atomically():
            store.apply(ONE, 1, 0, CHUNK)
            store.refuse("paris", "a.csv", Refusal("no"))
            assert everything(other) == {}
            assert list(other.paths("paris")) == []
        assert shown(other.scan("paris")) == shown(CHUNK)
        assert len(list(other.paths("paris"))) == 1


def test_nested_transactions_are_one(file: Path, store: SqliteStore) -> None:
    with closing(SqliteStore(file)) as other, store.atomically(), store.atomically():
        with store.atomically():
            store.apply(ONE, 1, 0, CHUNK)
        assert other.applied(ONE, 1) == frozenset()
    assert store.applied(ONE, 1) == {0}


def test_an_interrupt_in_a_transaction_leaves_nothing_and_the_store_usable(store: SqliteStore) -> None:
    def interrupt() -> None:
        store.apply(ONE, 1, 0, CHUNK)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.atomically():
        interrupt()
    assert store.applied(ONE, 1) == frozenset()
    assert store.apply(ONE, 1, 0, CHUNK)


@LINUX
def test_each_thread_has_a_connection_and_close_closes_all(file: Path, store: SqliteStore) -> None:
    connections = [store._database.connection]
    threads = [threading.Thread(target=lambda: connections.append(store._database.connection)) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert len(set(map(id, connections))) == 4
    assert store._database.connection is connections[0]
    assert open_files(file)
    store.close()
    assert open_files(file) == []
    for connection in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_what_was_counted_is_there_when_the_database_is_opened_again(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.apply(ONE, 1, 0, CHUNK)
    assert names_in(file.parent) == [file.name]
    with closing(SqliteStore(file, create=False)) as store:
        assert shown(store.scan("paris")) == shown(CHUNK)
        assert store.apply(ONE, 1, 0, CHUNK) is False


def test_closing_twice_does_no_harm(file: Path) -> None:
    store = SqliteStore(file)
    store.close()
    store.close()


def test_another_process_that_ends_does_not_take_the_log_away_from_one_that_goes_on(
    file: Path, monkeypatch: pytest.MonkeyPatch, store: SqliteStore
) -> None:
    store.apply(ONE, 1, 7, CHUNK)
    thread = threading.Thread(target=store.sites)  # a further connection, which must not let go of the first one's lock
    thread.start()
    thread.join()
    processes_at_once(monkeypatch, 1, create_in_process, file)
    assert Path(f"{file}-wal").exists()
    store.apply(ONE, 1, 8, CHUNK)
    store.close()
    with closing(SqliteStore(file, create=False)) as after:
        assert after.applied(ONE, 1) == {0, 7, 8}


def killed_while_the_log_was_written_into_the_file(file: Path, copy: Path) -> None:
    """Copy a database in use as it is once the first page of its log has arrived in the file, and nothing else has.

    The log is read as SQLite's file format says: a header of 32 bytes, then pages, each after a header of 24.
    """
    shutil.copy(file, copy)
    shutil.copy(f"{file}-wal", f"{copy}-wal")
    log = Path(f"{file}-wal").read_bytes()
    size = int.from_bytes(log[8:12], "big")
    frames = [log[begin : begin + 24 + size] for begin in range(32, len(log), 24 + size)]
    with copy.open("r+b") as half:
        half.write([frame[24:] for frame in frames if frame[:4] == (1).to_bytes(4, "big")][-1])


def test_a_database_is_whole_after_whoever_wrote_its_log_into_it_was_killed(
    file: Path, tmp_path: Path, store: SqliteStore
) -> None:
    for number in range(1, 40):
        store.keep(contribution(many_pairs(40, packets=number)))
    store.apply(ONE, 1, 0, CHUNK)
    killed_while_the_log_was_written_into_the_file(file, tmp_path / "half.db")
    header = (tmp_path / "half.db").read_bytes()[:32]
    pages = int.from_bytes(header[28:32], "big")
    assert pages * int.from_bytes(header[16:18], "big") > (tmp_path / "half.db").stat().st_size
    with closing(SqliteStore(tmp_path / "half.db", create=False)) as half:
        assert shown(half.scan("paris")) == shown(CHUNK)
        assert half._database.run("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_stores_on_one_file_keep_each_others_locks(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SqliteStore(file)) as store:
        store.apply(ONE, 1, 7, CHUNK)
        with closing(SqliteStore(file)) as other:
            processes_at_once(monkeypatch, 1, create_in_process, file)
            assert Path(f"{file}-wal").exists()
            assert other.apply(ONE, 1, 8, CHUNK)
            assert store.applied(ONE, 1) == {0, 7, 8}
    with closing(SqliteStore(file, create=False)) as after:
        assert after.applied(ONE, 1) == {0, 7, 8}
