"""The embedded store: whose file it opens, and what it says when the file or the disk cannot serve it."""

from __future__ import annotations

import gc
import gzip
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.core.contribution import Name
from iotagg.core.ledger import Move, PathRecord, Refusal, Versions
from iotagg.core.ranks import Rank
from iotagg.errors import (
    Damaged,
    IotaggError,
    NotAStore,
    NotFound,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreNotLocal,
    StoreTooNew,
)
from iotagg.pipeline import Request, upload
from iotagg.stores import network_disk
from iotagg.stores.schema import APPLICATION_ID, MIGRATIONS, claim, migrate
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import contribution, csv, everything, flow, many_pairs, put, shown
from tests.stores.racing import CHUNKS, name_of, pair_month, processes_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

UNDO_RANKS = (
    *(f"DROP TABLE {table}" for table in ("rank_month", "rank", "rank_size", "allowance")),
    *(f"DROP TABLE {table}" for table in ("device_month", "device_unsure")),
    "DROP INDEX marker_to_sum",
    "ALTER TABLE marker DROP COLUMN summed",
    "DROP INDEX file_to_assess",
    "ALTER TABLE file DROP COLUMN assessed",
)
UNDO_RETENTION = (*UNDO_RANKS, "DROP TABLE floor", "ALTER TABLE file DROP COLUMN erased")
ONE = name_of(1)
RANK = Rank(stands_out=True, steady=False, sizes=(1, 2, 3, 4))
OTHER_RANK = Rank(stands_out=False, steady=False, sizes=(5, 2, 3, 1))
CHUNK = [pair_month("192.168.1.7")]
NEXT = "ALTER TABLE file ADD COLUMN note TEXT NOT NULL DEFAULT '';\nCREATE TABLE later (place INTEGER);\n"
LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(file, busy_seconds=0.1)
    yield opened
    opened.close()


def run(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def assert_one_line(error: BaseException) -> None:
    assert "\n" not in str(error)
    assert str(error)


# Whose database it is.


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


def test_what_should_be_bytes_and_is_no_text_is_damage(store: SqliteStore, file: Path) -> None:
    run(file, "INSERT INTO reject VALUES ('paris', 'c0ffee', '01', 0, CAST(x'1b5bff' AS TEXT))")
    with pytest.raises(NotAStore, match="a damaged one") as refused:
        list(store.rejects(Name("paris", "c0ffee", "01")))
    assert_one_line(refused.value)


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


def open_files(file: Path) -> list[str]:
    held = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            held.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue  # the descriptor that listed the others
    return [name for name in held if name.startswith(str(file))]


# Schema.


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


def test_a_rank_of_measures_that_are_no_more_is_replaced_and_leaves_nothing(store: SqliteStore, file: Path) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.put_rank("paris", CHUNK[0], RANK)
    run(file, "UPDATE rank SET text = '10.d01x02'", "INSERT INTO rank_size VALUES (1, 'x', '10.', 2, 1)")
    assert store.put_rank("paris", CHUNK[0], RANK)
    assert [rank for *_, rank in store.ranks("paris", CHUNK[0].month)] == [RANK]
    assert store.put_rank("paris", CHUNK[0], None)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM rank), (SELECT count(*) FROM rank_size)"
        ).fetchone() == (
            0,
            0,
        )


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rank SET text = 7",
        "UPDATE rank SET text = x'ff'",
        "UPDATE rank_size SET size = 'x'",
        "UPDATE rank_size SET rank = 'x'",
        "DELETE FROM rank",
        "UPDATE rank_month SET place = 99",
    ],
)
def test_ranks_that_somebody_changed_are_read_or_damaged_and_assessed_anew(
    store: SqliteStore, file: Path, damage: str
) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.put_rank("paris", CHUNK[0], RANK)
    run(file, damage)
    try:
        assert len(list(store.ranks("paris", CHUNK[0].month))) <= 1
        assert len(store.ranked_months("paris", CHUNK[0].source, CHUNK[0].destination)) == 1
    except Damaged:
        pass
    assert store.put_rank("paris", CHUNK[0], OTHER_RANK)
    assert ("192.168.1.7", "192.0.2.1", OTHER_RANK) in list(store.ranks("paris", CHUNK[0].month))


def test_an_allowance_that_somebody_changed_is_damaged(store: SqliteStore, file: Path) -> None:
    store.allow(allowance_of(source="192.168.1.7"))
    run(file, "UPDATE allowance SET source = '192.168.1.8'")
    with pytest.raises(Damaged, match=r"the allow list is damaged: '[0-9a-f]{10}' is not what was allowed"):
        store.allowances()


def test_a_migration_that_fails_leaves_the_database_as_it_was(file: Path) -> None:
    SqliteStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, file, (*MIGRATIONS, NEXT + "CREATE TABLE file (twice TEXT);\n"))
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone()
        assert tables == (0,)
    SqliteStore(file).close()


def create_in_process(file: Path, seed: int, started: Any, made: Any) -> None:
    started.wait(60)
    with closing(SqliteStore(file)) as store:
        made.put(store.apply(ONE, 1, seed, CHUNKS[0]))


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


# When it cannot be written.


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


# Network disks.


MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
files.example:/export /srv nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/local xfs rw 0 0
//files.example/share /media/the\\040share cifs rw 0 0
someone@files.example: /home/someone/far fuse.sshfs rw 0 0
/dev/fuse /home/someone/near fuse.ntfs-3g rw 0 0
/dev/sdc1 /over ext4 rw 0 0
files.example:/over /over nfs rw 0 0
//files.example/odd /media/a\\134b\\011c smb3 rw 0 0
ceph-fuse /mnt/ceph fuse.ceph-fuse rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/store.db", False),
        ("/var/lib/iotagg/store.db", False),
        ("/srv/store.db", True),
        ("/srv/a/b/store.db", True),
        ("/srv/local/store.db", False),
        ("/srv/locally/store.db", True),
        ("/srvs/store.db", False),
        ("/media/the share/store.db", True),
        ("/media/the/store.db", False),
        ("/home/someone/far/store.db", True),
        ("/home/someone/near/store.db", False),
        ("/over/store.db", True),
        ("/media/a\\b\tc/store.db", True),
        ("/mnt/ceph/store.db", True),
        ("\\\\files\\share\\store.db", True),
    ],
)
def test_a_place_is_on_a_network_disk_when_the_innermost_mount_over_it_is(
    tmp_path: Path, place: str, expected: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert network_disk.is_on(Path(place), mounts) is expected


@pytest.mark.parametrize("linked", ["the folder", "the file"])
def test_links_onto_a_network_disk_are_followed(tmp_path: Path, linked: str) -> None:
    far, mounts = tmp_path / "far", tmp_path / "mounts"
    far.mkdir()
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nfiles.example:/ {far} nfs rw 0 0\n", encoding="utf-8")
    if linked == "the folder":
        (tmp_path / "near").symlink_to(far)
        place = tmp_path / "near" / "store.db"
    else:
        place = tmp_path / "store.db"
        place.symlink_to(far / "store.db")
    assert network_disk.is_on(place, mounts)


def test_where_the_system_tells_no_mounts_every_disk_passes_for_local(tmp_path: Path) -> None:
    assert network_disk.is_on(tmp_path / "store.db", tmp_path / "none") is False


def test_a_database_on_a_network_disk_is_refused_and_not_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_disk, "is_on", lambda _: True)
    with pytest.raises(StoreNotLocal, match=r"network disk.*put it on a local one") as refused:
        SqliteStore(file)
    assert_one_line(refused.value)
    assert not file.exists()


# Backup.


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


# Transactions and connections.


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
