"""What an audit puts aside on disk, so that its memory does not grow: rows to add up, files and paths to look at again.

It is an SQLite database in a temporary file that goes away by itself.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from iotagg.core.contribution import Name
from iotagg.core.pair_month import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.contribution import Chunk
    from iotagg.core.ledger import PathRecord

Key = tuple[str, str, str, str]

_TABLES = """
CREATE TABLE file (id INTEGER PRIMARY KEY, site TEXT, content TEXT, options TEXT, UNIQUE (site, content, options));
CREATE TABLE row (
    site TEXT, source TEXT, destination TEXT, month TEXT, file INTEGER, chunk INTEGER, is_in INTEGER, sums TEXT
);
CREATE TABLE lost (site TEXT, bucket INTEGER, file INTEGER, chunk INTEGER);
CREATE TABLE unsettled (file INTEGER, state TEXT);
CREATE TABLE stored_still (file INTEGER);
CREATE TABLE pending (site TEXT, content TEXT, options TEXT, since INTEGER, PRIMARY KEY (site, content, options));
CREATE TABLE link (site TEXT, path TEXT, content TEXT, options TEXT, by_path INTEGER);
CREATE TABLE suspect (turn INTEGER, site TEXT, source TEXT, destination TEXT, month TEXT);
"""

ALL = -1  # of a site's buckets, or of a file's chunks
UNREADABLE = -2  # in place of a chunk: which ones there are is not known


@dataclass(frozen=True, slots=True)
class Share:
    """What one chunk adds to a pair's month."""

    name: Name
    chunk: int
    sums: str


class Spool:
    """One audit's notes."""

    def __init__(self) -> None:
        self._disk = sqlite3.connect("", isolation_level=None)
        self._disk.execute("PRAGMA journal_mode = OFF")
        self._disk.executescript(_TABLES)
        self._disk.execute("BEGIN")
        self._indexed = False

    def close(self) -> None:
        """Drop it all."""
        self._disk.close()

    # Files.

    def add_names(self, names: Iterable[Name]) -> None:
        """Note names, each once."""
        self._many("INSERT OR IGNORE INTO file (site, content, options) VALUES (?, ?, ?)", map(_parts, names))

    def names(self, after: int = 0) -> Iterator[tuple[int, Name]]:
        """Yield the names that were noted after a number, each with its number, sorted."""
        query = "SELECT id, site, content, options FROM file WHERE id > ? ORDER BY site, content, options"
        return ((number, Name(*name)) for number, *name in self._run(query, after))

    def last(self) -> int:
        """Return the number of the name that was noted last."""
        return int(self._run("SELECT coalesce(max(id), 0) FROM file").fetchone()[0])

    def sites(self) -> list[str]:
        """Return the sites of all names."""
        return [site for (site,) in self._run("SELECT DISTINCT site FROM file ORDER BY site")]

    def add_chunk(self, file: int, site: str, number: int, chunk: Chunk, *, is_in: bool) -> None:
        """Note what a chunk adds, and whether it is in."""
        rows = ((site, row.source, row.destination, row.month, file, number, is_in, row.text) for row in chunk)
        self._many("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def add_lost(self, file: int, site: str, bucket: int, number: int) -> None:
        """Note a chunk that cannot be read, so that what it adds is not known; bucket ALL where not even that is."""
        self._run("INSERT INTO lost VALUES (?, ?, ?, ?)", site, bucket, file, number)

    def lost(self, site: str, bucket: int) -> list[tuple[Name, int]]:
        """Return the chunks of a site's bucket that cannot be read."""
        query = (
            "SELECT file.site, content, options, chunk FROM lost JOIN file ON file.id = lost.file"
            " WHERE lost.site = ? AND bucket IN (?, ?)"
        )
        return [(Name(*name), chunk) for *name, chunk in self._run(query, site, bucket, ALL)]

    def add_unsettled(self, file: int, state: str) -> None:
        """Note a file that has not reached its revision everywhere, and how it stood."""
        self._run("INSERT INTO unsettled VALUES (?, ?)", file, state)

    def unsettled(self) -> Iterator[tuple[Name, str]]:
        """Yield these files again."""
        query = "SELECT site, content, options, state FROM unsettled JOIN file ON file.id = file ORDER BY 1, 2, 3"
        return ((Name(*name), state) for *name, state in self._run(query))

    def add_stored_still(self, file: int) -> None:
        """Note a file that was erased, or that nobody knows, and of which something is stored all the same."""
        self._run("INSERT INTO stored_still VALUES (?)", file)

    def stored_still(self) -> Iterator[Name]:
        """Yield these files again."""
        query = "SELECT site, content, options FROM stored_still JOIN file ON file.id = file ORDER BY 1, 2, 3"
        return (Name(*name) for name in self._run(query))

    def add_pending(self, name: Name, since: int) -> None:
        """Note that a file is on the store's list of those that are pending."""
        self._run("INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?)", *_parts(name), since)

    def pending_since(self, name: Name) -> int | None:
        """Return since when a file is on that list; None where it is not."""
        query = "SELECT since FROM pending WHERE site = ? AND content = ? AND options = ?"
        row = self._run(query, *_parts(name)).fetchone()
        return None if row is None else int(row[0])

    def pending(self) -> Iterator[tuple[Name, int]]:
        """Yield that list."""
        rows = self._run("SELECT site, content, options, since FROM pending ORDER BY 1, 2, 3")
        return ((Name(*name), since) for *name, since in rows)

    # Paths and files that refer to each other.

    def add_path(self, record: PathRecord) -> None:
        """Note what a path refers to."""
        rows = ((record.site, record.path, name.content, name.options, 1) for name in record.names)
        self._many("INSERT INTO link VALUES (?, ?, ?, ?, ?)", rows)

    def add_paths_of(self, name: Name, paths: Iterable[str]) -> None:
        """Note which paths a file says refer to it."""
        rows = ((name.site, path, name.content, name.options, 0) for path in paths)
        self._many("INSERT INTO link VALUES (?, ?, ?, ?, ?)", rows)

    def one_sided(self) -> Iterator[tuple[str, Name]]:
        """Yield the paths and files of which one alone says that it refers to the other."""
        query = (
            "SELECT path, site, content, options FROM link GROUP BY site, path, content, options"
            " HAVING count(DISTINCT by_path) < 2"
        )
        return ((path, Name(*name)) for path, *name in self._run(query))

    # Pair-months.

    def expected(self) -> Iterator[tuple[Key, dict[str, int]]]:
        """Yield what is in of each pair's month, added up, sorted."""
        rows = self._run("SELECT site, source, destination, month, sums FROM row WHERE is_in ORDER BY 1, 2, 3, 4")
        for key, group in groupby(rows, key=itemgetter(0, 1, 2, 3)):
            yield key, added_up(row[4] for row in group)

    def add_suspect(self, key: Key, turn: int) -> None:
        """Note a pair's month that is to be looked at again, at a turn."""
        self._run("INSERT INTO suspect VALUES (?, ?, ?, ?, ?)", turn, *key)

    def add_suspects_of(self, name: Name, chunk: int, turn: int) -> None:
        """Note the pair-months of a chunk."""
        query = (
            "INSERT INTO suspect SELECT ?, row.site, source, destination, month FROM row JOIN file ON file.id = file"
            " WHERE file.site = ? AND content = ? AND options = ? AND chunk = ?"
        )
        self._run(query, turn, *_parts(name), chunk)

    def suspects(self, turn: int, most: int) -> list[Key]:
        """Take the next of a turn off the list."""
        query = "SELECT rowid, site, source, destination, month FROM suspect WHERE turn = ? ORDER BY rowid LIMIT ?"
        rows = self._run(query, turn, most).fetchall()
        self._many("DELETE FROM suspect WHERE rowid = ?", ((row[0],) for row in rows))
        return [(site, source, destination, month) for _, site, source, destination, month in rows]

    def has_suspects(self, turn: int) -> bool:
        """Say whether any is to be looked at again at a turn."""
        return self._run("SELECT 1 FROM suspect WHERE turn = ?", turn).fetchone() is not None

    def shares(self, key: Key) -> list[Share]:
        """Return what chunks add to a pair's month, those that are in and those that are out."""
        if not self._indexed:
            self._run("CREATE INDEX row_by_month ON row (site, source, destination, month)")
            self._indexed = True
        query = (
            "SELECT file.site, content, options, chunk, sums FROM row JOIN file ON file.id = row.file"
            " WHERE row.site = ? AND source = ? AND destination = ? AND month = ?"
        )
        return [Share(Name(*name), chunk, sums) for *name, chunk, sums in self._run(query, *key)]

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._disk.execute(statement, values)

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._disk.executemany(statement, rows)


def added_up(texts: Iterable[str]) -> dict[str, int]:
    """Return the sum of some sums, attribute by attribute, without those that are 0.

    What is no whole number is left out: that is said of the file that it comes from.
    """
    first, *others = map(parsed, texts)
    total: dict[str, int] = first
    for sums in others:
        for name, value in sums.items():
            total[name] = total.get(name, 0) + value
    return {name: value for name, value in total.items() if value and type(value) is int}


def _parts(name: Name) -> tuple[str, str, str]:
    return name.site, name.content, name.options
