"""The schema of a database is made once by all who open it, and an older one is brought up to date."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.core.ledger import Move, PathRecord, Refusal, Versions
from iotagg.errors import IotaggError, StoreTooNew
from iotagg.stores.schema import APPLICATION_ID, MIGRATIONS, claim, migrate
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import contribution, csv, flow, shown
from tests.stores.counted import ONE
from tests.stores.racing import processes_at_once
from tests.stores.sqlite.files import CHUNK, RANK, assert_one_line, create_in_process, run

if TYPE_CHECKING:
    from pathlib import Path

UNDO_RANKS = (
    *(f"DROP TABLE {table}" for table in ("rank_month", "rank", "rank_size", "allowance")),
    *(f"DROP TABLE {table}" for table in ("device_month", "device_unsure")),
    "DROP INDEX marker_to_sum",
    "ALTER TABLE marker DROP COLUMN summed",
    "DROP INDEX file_to_assess",
    "ALTER TABLE file DROP COLUMN assessed",
)
UNDO_RETENTION = (*UNDO_RANKS, "DROP TABLE floor", "ALTER TABLE file DROP COLUMN erased")
NEXT = "ALTER TABLE file ADD COLUMN note TEXT NOT NULL DEFAULT '';\nCREATE TABLE later (place INTEGER);\n"


def test_a_newer_schema_is_refused_with_what_to_do(file: Path) -> None:
    SqliteStore(file).close()
    run(file, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = file.read_bytes()
    with pytest.raises(StoreTooNew, match=r"made by a newer iotagg.*upgrade iotagg") as refused:
        SqliteStore(file)
    assert_one_line(refused.value)
    assert file.read_bytes() == before


def test_a_database_says_whose_it_is(file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_older_schema_is_brought_up_to_date_and_its_data_kept(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        store.apply(ONE, 1, 0, CHUNK)
        name = store.keep(contribution(csv(flow()))).name
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        migrate(connection, file, (*MIGRATIONS, NEXT))
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert connection.execute("SELECT note FROM file").fetchall() == [("",)]
        migrate(connection, file, (*MIGRATIONS, NEXT))
    with pytest.raises(StoreTooNew):
        SqliteStore(file)
    run(file, f"PRAGMA user_version = {len(MIGRATIONS)}")  # as if this program knew the later schema
    with closing(SqliteStore(file)) as store:
        assert shown(store.scan("paris")) == shown(CHUNK)
        assert store.advance(name, 0, 1)


def test_a_database_from_before_objects_had_versions_is_brought_up_to_date_and_its_files_kept(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        name = store.keep(contribution(csv(flow()))).name
        store.move("paris", Move("a.csv", take=name))
        store.refuse("paris", "a.csv", Refusal("no"))
    run(file, *UNDO_RETENTION, "ALTER TABLE path DROP COLUMN versions", "PRAGMA user_version = 1")
    with closing(SqliteStore(file)) as store:
        assert list(store.paths("paris")) == [PathRecord("paris", "a.csv", (name,), Refusal("no"))]
        store.refuse("paris", "a.csv", None, "v1")
        assert store.path("paris", "a.csv").versions == Versions(frozenset({"v1"}))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_database_from_before_there_was_a_floor_is_brought_up_to_date_and_nothing_of_it_is_below(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        name = store.keep(contribution(csv(flow()))).name
        store.apply(ONE, 1, 0, CHUNK)
    run(file, *UNDO_RETENTION, "PRAGMA user_version = 2")
    with closing(SqliteStore(file)) as store:
        assert store.floor() == ""
        assert shown(store.scan("paris")) == shown(CHUNK)
        assert [(record.name, record.erased) for record in store.files("paris")] == [(name, False)]
        assert store.erase(name)
        store.raise_floor("2023-01")
        assert list(store.scan("paris")) == []


def test_a_database_from_before_there_were_ranks_is_brought_up_to_date_and_all_of_it_is_to_be_assessed(
    file: Path,
) -> None:
    with closing(SqliteStore(file)) as store:
        name = store.keep(contribution(csv(flow()))).name
        store.advance(name, 0, 1)
        for number, chunk in store.chunks(name, [0]):
            store.apply(name, 1, number, chunk)
        (row,) = store.scan("paris")
    run(file, *UNDO_RANKS, "PRAGMA user_version = 3")
    with closing(SqliteStore(file)) as store:
        assert list(store.outstanding("paris")) == [(name, 1)]
        store.assessed(name, 1)
        assert list(store.outstanding("paris")) == []
        assert store.put_rank("paris", row, RANK)
        assert [rank for *_, rank in store.ranks("paris", row.month)] == [RANK]


def test_a_migration_that_fails_leaves_the_database_as_it_was(file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, file, (*MIGRATIONS, NEXT + "CREATE TABLE file (twice TEXT);\n"))
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone()
        assert tables == (0,)
    SqliteStore(file).close()


@pytest.mark.parametrize("attempt", range(2))
def test_two_processes_may_create_the_same_database_at_once(
    file: Path, monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    assert processes_at_once(monkeypatch, 2, create_in_process, file) == [True, True]
    with closing(SqliteStore(file, create=False)) as store:
        assert store.applied(ONE, 1) == {0, 1}


def test_a_new_database_is_marked_once_by_all_who_open_it(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        claim(connection)
        with closing(SqliteStore(file)) as store:
            assert store.sites() == []
        claim(connection)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


@pytest.mark.parametrize("attempt", range(5))
def test_many_threads_may_create_the_same_database_at_once(file: Path, attempt: int) -> None:
    began = threading.Barrier(8)
    errors: list[IotaggError] = []

    def create(number: int) -> None:
        began.wait(60)
        try:
            with closing(SqliteStore(file)) as store:
                store.apply(ONE, 1, number, CHUNK)
        except IotaggError as error:
            errors.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with closing(SqliteStore(file, create=False)) as store:
        assert store.applied(ONE, 1) == set(range(8))
