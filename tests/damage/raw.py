"""What lies in a database file or in a table and a bucket, read and changed with no code of iotagg's."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path


Figures = dict[str, Any]


class Key(NamedTuple):
    """A pair's month."""

    site: str
    source: str
    destination: str
    month: str


class File(NamedTuple):
    """A contribution's name."""

    site: str
    content: str
    options: str


class Raw(Protocol):
    """Both kinds of store as one: rows and items as they lie there. None for a value takes it away."""

    local: bool

    def sums(self) -> dict[Key, Figures]:
        """Return all pair-months."""

    def put_sums(self, key: Key, figures: Figures | str | None) -> None:
        """Write a pair-month; a text is written as it is, where sums are texts."""

    def files(self) -> dict[File, dict[str, Any]]:
        """Return what is known of each file: head, revision, retracted, erased, and in the cloud its paths."""

    def put_file(self, name: File, **changes: Any) -> None:
        """Change what is known of a file."""

    def drop_file(self, name: File) -> None:
        """Remove it."""

    def markers(self) -> dict[tuple[File, int], int]:
        """Return the revisions of all markers."""

    def put_marker(self, name: File, chunk: int, revision: int | None, **more: Any) -> None:
        """Write a marker."""

    def stored(self, name: File) -> bytes | None:
        """Return a contribution's stored form."""

    def put_stored(self, name: File, content: bytes | None) -> None:
        """Write it."""

    def rejects(self, name: File) -> bytes | None:
        """Return the rejected lines of a file as a gzip file."""

    def put_rejects(self, name: File, content: bytes | None) -> None:
        """Write them."""

    def paths(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the paths by site: the files they refer to as `names`, and their `refusal` as it is written."""

    def refer(self, site: str, path: str, names: list[File]) -> None:
        """Change what a path refers to, in the path's own place alone."""

    def put_refusal(self, site: str, path: str, refusal: str | None) -> None:
        """Write why a path was refused."""

    def drop_path(self, site: str, path: str) -> None:
        """Remove a path's own record."""


class Database:
    """A database file."""

    local = True

    def __init__(self, file: Path) -> None:
        self._file = file

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as database:
            return database.execute(statement, values).fetchall()

    def sums(self) -> dict[Key, Figures]:
        rows = self._run("SELECT * FROM pair_month WHERE json_valid(sums) AND json_type(sums) = 'object'")
        return {Key(*row[:4]): json.loads(row[4]) for row in rows}

    def put_sums(self, key: Key, figures: Figures | str | None) -> None:
        if figures is None:
            self._run("DELETE FROM pair_month WHERE (site, source, destination, month) = (?, ?, ?, ?)", *key)
            return
        text = figures if isinstance(figures, str) else json.dumps(figures, separators=(",", ":"))
        self._run("INSERT OR REPLACE INTO pair_month VALUES (?, ?, ?, ?, ?)", *key, text)

    def files(self) -> dict[File, dict[str, Any]]:
        rows = self._run("SELECT site, content, options, head, revision, retracted, erased FROM file")
        names = ("head", "revision", "retracted", "erased")
        return {File(*row[:3]): dict(zip(names, (json.loads(row[3]), *row[4:]), strict=True)) for row in rows}

    def put_file(self, name: File, **changes: Any) -> None:
        changes.pop("first_chunk", None)  # a table has it, because its objects are not read for it
        for column, value in changes.items():
            written = json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else value
            self._run(
                f"UPDATE file SET {column} = ? WHERE (site, content, options) = (?, ?, ?)",  # noqa: S608 (a column's name)
                written,
                *name,
            )

    def drop_file(self, name: File) -> None:
        self._run("DELETE FROM file WHERE (site, content, options) = (?, ?, ?)", *name)

    def markers(self) -> dict[tuple[File, int], int]:
        return {(File(*row[:3]), row[3]): row[4] for row in self._run("SELECT * FROM marker")}

    def put_marker(self, name: File, chunk: int, revision: int | None, **more: Any) -> None:
        assert not more
        if revision is None:
            self._run("DELETE FROM marker WHERE (site, content, options, chunk) = (?, ?, ?, ?)", *name, chunk)
        else:
            self._run(
                "INSERT OR REPLACE INTO marker (site, content, options, chunk, revision) VALUES (?, ?, ?, ?, ?)",
                *name,
                chunk,
                revision,
            )

    def stored(self, name: File) -> bytes | None:
        rows = self._run("SELECT stored FROM contribution WHERE (site, content, options) = (?, ?, ?)", *name)
        return rows[0][0] if rows else None

    def put_stored(self, name: File, content: bytes | None) -> None:
        self._run("DELETE FROM contribution WHERE (site, content, options) = (?, ?, ?)", *name)
        if content is not None:
            self._run("INSERT INTO contribution VALUES (?, ?, ?, ?)", *name, content)

    def rejects(self, name: File) -> bytes | None:
        query = "SELECT member FROM reject WHERE (site, content, options) = (?, ?, ?) ORDER BY place"
        return b"".join(row[0] for row in self._run(query, *name)) or None

    def put_rejects(self, name: File, content: bytes | None) -> None:
        self._run("DELETE FROM reject WHERE (site, content, options) = (?, ?, ?)", *name)
        if content is not None:
            self._run("INSERT INTO reject VALUES (?, ?, ?, 0, ?)", *name, content)

    def paths(self) -> dict[tuple[str, str], dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {
            (site, path): {"names": [], "refusal": refusal}
            for site, path, refusal in self._run("SELECT site, path, refusal FROM path")
        }
        for site, path, *name in self._run("SELECT site, path, site, content, options FROM reference ORDER BY place"):
            found[site, path]["names"].append(File(*name))
        return found

    def refer(self, site: str, path: str, names: list[File]) -> None:
        self._run("DELETE FROM reference WHERE (site, path) = (?, ?)", site, path)
        for name in names:
            self._run("INSERT INTO reference (path, site, content, options) VALUES (?, ?, ?, ?)", path, *name)

    def put_refusal(self, site: str, path: str, refusal: str | None) -> None:
        self._run("UPDATE path SET refusal = ? WHERE (site, path) = (?, ?)", refusal, site, path)

    def drop_path(self, site: str, path: str) -> None:
        self._run("DELETE FROM path WHERE (site, path) = (?, ?)", site, path)
