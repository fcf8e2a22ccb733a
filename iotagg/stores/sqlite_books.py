"""The part of a store in one SQLite file that audits and rebuilds ask: what stands there, and corrections of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iotagg.core.books import Held, Marker, figures_in
from iotagg.core.contribution import Name
from iotagg.core.ledger import is_in
from iotagg.core.pair_month import dumped

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

    from iotagg.stores.connection import Database

OF_FILE = "site = ? AND content = ? AND options = ?"
OF_PAIR_MONTH = "site = ? AND source = ? AND destination = ? AND month = ?"
IS_KEPT = "month >= coalesce((SELECT month FROM floor), '')"
UNSURE = "INSERT OR IGNORE INTO device_unsure VALUES (?)"  # what devices add up to is to be found from all pairs
_HELD = (
    "site, source, destination, month, sums, (SELECT text FROM rank WHERE (place, source, destination) ="
    " ((SELECT place FROM rank_month WHERE (site, month) = (pair_month.site, pair_month.month)),"
    " pair_month.source, pair_month.destination))"
)


class SqliteBooks:
    """The contributions, markers and sums of one SQLite file, as they stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self, site: str) -> Iterator[Name]:
        query = "SELECT site, content, options FROM contribution WHERE site = ? ORDER BY content, options"
        return (Name(*row) for row in self._run(query, site).fetchall())

    def traces(self, sites: Collection[str] = ()) -> Iterator[Name]:
        for table in ("file", "marker", "reference"):
            rows = self._run(f"SELECT DISTINCT site, content, options FROM {table}")
            yield from (Name(*row) for row in rows if not sites or row[0] in sites)

    def markers(self, name: Name) -> dict[int, Marker]:
        rows = self._run(f"SELECT chunk, revision FROM marker WHERE {OF_FILE}", *file_key(name))
        return {number: Marker(revision, is_in(revision)) for number, revision in rows}

    def held(self, sites: Collection[str] = ()) -> Iterator[Held]:
        of_site = f"site IN ({','.join('?' * len(sites))})" if sites else "true"
        rows = self._run(
            f"SELECT {_HELD} FROM pair_month WHERE {of_site} AND {IS_KEPT} ORDER BY site, source, destination, month",
            *sites,
        )
        return map(_held, rows)

    def held_month(self, site: str, source: str, destination: str, month: str) -> Held | None:
        query = f"SELECT {_HELD} FROM pair_month WHERE {OF_PAIR_MONTH}"
        row = self._run(query, site, source, destination, month).fetchone()
        return None if row is None else _held(row)

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        with self._database.transaction():
            standing = self.held_month(*before.key)
            if (standing.figures if standing is not None else {}) != before.figures:
                return False
            self._run(f"DELETE FROM pair_month WHERE {OF_PAIR_MONTH}", *before.key)
            self._run(UNSURE, before.site)
            if sums:
                self._run("INSERT INTO pair_month VALUES (?, ?, ?, ?, ?)", *before.key, dumped(sums))
            return True

    def put_marker(self, name: Name, number: int, before: Marker, revision: int) -> bool:
        with self._database.transaction():
            if self.markers(name).get(number) != before:
                return False
            self._run(f"DELETE FROM marker WHERE {OF_FILE} AND chunk = ?", *file_key(name), number)
            self._run(UNSURE, name.site)
            if revision:
                self._run(
                    "INSERT INTO marker (site, content, options, chunk, revision) VALUES (?, ?, ?, ?, ?)",
                    *(*file_key(name), number, revision),
                )
            return True

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.run(statement, *values)


def file_key(name: Name) -> tuple[str, str, str]:
    """Return the values of OF_FILE."""
    return name.site, name.content, name.options


def _held(row: tuple[Any, ...]) -> Held:
    site, source, destination, month, sums, rank = row
    return Held(site, source, destination, month, figures_in(sums), None if rank is None else str(rank))
