"""The tables of an iotagg database, as the migrations that make them.

A new database runs all of them, an older one those it has not seen. A migration that was released is never changed.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from iotagg.errors import NotAStore, StoreTooNew

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x696F7461  # "iota" in ASCII: how SQLite files say whose they are

_FIRST = """
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
_SECOND = """
CREATE TABLE pair_month (
    site TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    month TEXT NOT NULL,
    sums TEXT NOT NULL,
    PRIMARY KEY (site, source, destination, month)
) WITHOUT ROWID;
"""

MIGRATIONS = (_FIRST + _SECOND,)


def check(connection: sqlite3.Connection, file: Path | str, known: int = len(MIGRATIONS)) -> int:
    """Return the schema version of a database, 0 for an empty one. Raises NotAStore and StoreTooNew."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (tables or owner or version):
        raise NotAStore(f"{file} is another program's database; name another file with --db")
    if version > known:
        raise StoreTooNew(
            f"{file} has schema {version}, made by a newer iotagg; this one knows up to {known}: upgrade iotagg"
        )
    return version


def migrate(connection: sqlite3.Connection, file: Path | str, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring a database up to date in one transaction, whatever other programs do meanwhile."""
    if check(connection, file, len(migrations)) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in migrations[check(connection, file, len(migrations)) :]:
            for statement in _statements(migration):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
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
