"""The tables of an iotagg database, as the migrations that make them.

A new database runs all of them, an older one those it has not seen. A migration that was released is never changed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from iotagg.errors import NotAStore, StoreTooNew

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x696F7461  # "iota" in ASCII: how SQLite files say whose they are

_FILES = """
CREATE TABLE file (
    site TEXT NOT NULL,
    content TEXT NOT NULL,
    options TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    retracted TEXT NOT NULL DEFAULT '',
    head TEXT NOT NULL,
    PRIMARY KEY (site, content, options)
) WITHOUT ROWID;

CREATE TABLE contribution (
    site TEXT NOT NULL,
    content TEXT NOT NULL,
    options TEXT NOT NULL,
    stored BLOB NOT NULL,
    UNIQUE (site, content, options)
);

CREATE TABLE marker (
    site TEXT NOT NULL,
    content TEXT NOT NULL,
    options TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (site, content, options, chunk)
) WITHOUT ROWID;

CREATE TABLE path (
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    refusal TEXT,
    PRIMARY KEY (site, path)
) WITHOUT ROWID;

CREATE TABLE reference (
    place INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    content TEXT NOT NULL,
    options TEXT NOT NULL,
    UNIQUE (site, path, content, options)
);
CREATE INDEX reference_by_contribution ON reference (site, content, options);

CREATE TABLE reject (
    site TEXT NOT NULL,
    content TEXT NOT NULL,
    options TEXT NOT NULL,
    place INTEGER NOT NULL,
    member BLOB NOT NULL,
    PRIMARY KEY (site, content, options, place)
);
"""

# Sums are JSON because SQLite's integers turn into floats beyond 2^63, and a sum of squares goes there.
_SUMS = """
CREATE TABLE pair_month (
    site TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    month TEXT NOT NULL,
    sums TEXT NOT NULL,
    PRIMARY KEY (site, source, destination, month)
) WITHOUT ROWID;
"""

# What became of the versions of an object in a bucket; files on a disk have none.
_VERSIONS = """
ALTER TABLE path ADD COLUMN versions TEXT;
"""

# The first month that is kept, in one row at most; and what was erased of what files added.
_RETENTION = """
CREATE TABLE floor (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    month TEXT NOT NULL
);
ALTER TABLE file ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
"""

# Where to look first for what is large or odd (see sqlite_ranks.py), and what a person finds in order.
_RANKS = """
CREATE TABLE rank_month (
    place INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    month TEXT NOT NULL,
    UNIQUE (site, month)
);
CREATE TABLE rank (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (place, source, destination)
);
CREATE TABLE rank_size (
    place INTEGER NOT NULL,
    measure TEXT NOT NULL,
    flags TEXT NOT NULL,
    size INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (place, measure, flags, size, rank)
) WITHOUT ROWID;
CREATE TABLE allowance (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    kind TEXT NOT NULL,
    until TEXT NOT NULL,
    note TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE file ADD COLUMN assessed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX file_to_assess ON file (site) WHERE assessed < revision;
"""

# What a source or destination adds up to (see sqlite_devices.py), its sizes in order, and whether a chunk is in it.
_DEVICES = """
CREATE TABLE device_month (
    place INTEGER NOT NULL,
    side INTEGER NOT NULL,
    device TEXT NOT NULL,
    sums TEXT NOT NULL,
    duration INTEGER NOT NULL,
    packets INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    pace INTEGER NOT NULL,
    PRIMARY KEY (place, side, device)
) WITHOUT ROWID;
CREATE INDEX device_month_by_duration ON device_month (place, side, duration);
CREATE INDEX device_month_by_packets ON device_month (place, side, packets);
CREATE INDEX device_month_by_flows ON device_month (place, side, flows);
CREATE INDEX device_month_by_pace ON device_month (place, side, pace);
CREATE TABLE device_unsure (site TEXT PRIMARY KEY) WITHOUT ROWID;
ALTER TABLE marker ADD COLUMN summed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX marker_to_sum ON marker (site) WHERE summed <> revision % 2;
"""

MIGRATIONS = (_FILES + _SUMS, _VERSIONS, _RETENTION, _RANKS + _DEVICES)


def check_owner(file: Path) -> None:
    """Raise NotAStore when a file is there and another program's database.

    It is looked at as if it could not change: nothing is locked, and nothing written that its program left half
    written. It is SQLite that looks, because on POSIX systems closing a file drops all locks that this process holds on
    it (SQLite, "How To Corrupt An SQLite Database File"), and SQLite alone knows to wait with that.
    """
    if not file.stat().st_size:
        return
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?immutable=1", uri=True)) as found:
        # Of a file into which its log is being written this moment, or was when somebody was killed, the first page may
        # have arrived and the last one not. Without this, SQLite takes it for damaged (its lockBtree()).
        found.execute("PRAGMA writable_schema = ON")
        owner = found.execute("PRAGMA application_id").fetchone()[0]
    if owner != APPLICATION_ID:
        raise NotAStore(f"{file} is another program's database; name another file with --db")


def claim(connection: sqlite3.Connection) -> None:
    """Put iotagg's mark into a new database, before write-ahead logging would keep it out of the file itself."""
    if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, file: Path, known: int) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > known:
        raise StoreTooNew(
            f"{file} has schema {version}, made by a newer iotagg; this one knows up to {known}: upgrade iotagg"
        )
    return version


def check_tables(connection: sqlite3.Connection, file: Path) -> None:
    """Raise NotAStore for a database with views or triggers, which iotagg's have none of.

    Somebody may have put them in: what is asked of a table would then be answered, without end, by something else.
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    foreign = (
        "SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1"
    )
    if connection.execute(foreign).fetchone():
        raise NotAStore(f"{file} holds more than the tables of iotagg; name another file with --db")


def migrate(connection: sqlite3.Connection, file: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring a database up to date in one transaction, whatever other programs do meanwhile. Raises StoreTooNew."""
    if _version(connection, file, len(migrations)) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in migrations[_version(connection, file, len(migrations)) :]:
            for statement in _statements(migration):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    # executescript() would commit before it begins.
    statements, waiting = [], ""
    for line in script.splitlines(keepends=True):
        waiting += line
        if sqlite3.complete_statement(waiting):
            statements.append(waiting)
            waiting = ""
    return statements
