"""The embedded store: one SQLite file, used by many processes and threads at once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from iotagg.core.contribution import Contribution, Head, Name, chunk_ranges, no_contribution, read_chunk
from iotagg.core.intact import damage, intact
from iotagg.core.ledger import FileRecord, PathRecord, Pending, Refusal, Versions, is_in, sealing
from iotagg.core.pair_month import PairMonth, has_flows
from iotagg.core.rejects import Reject, read_rejects
from iotagg.errors import NumberTooLarge
from iotagg.stores import sum_texts
from iotagg.stores.connection import BUSY_SECONDS, Database
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH, NO_PAIR
from iotagg.stores.sqlite_books import IS_KEPT, OF_FILE, OF_PAIR_MONTH, SqliteBooks, file_key
from iotagg.stores.sqlite_device_faults import DeviceFaults
from iotagg.stores.sqlite_devices import SqliteDevices
from iotagg.stores.sqlite_ranks import SqliteRanks
from iotagg.stores.stored_bytes import StoredBytes
from iotagg.stores.sum_texts import EMPTY, without_zeros

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from iotagg.core.books import Held
    from iotagg.core.contribution import Chunk
    from iotagg.core.ledger import Move
    from iotagg.core.lines import ByteStream

_READ_TOGETHER = 64  # chunks, each of some kilobytes
_PATHS_TOGETHER = 500  # who asks for the first alone does not wait for all
# From one site to the next through the index: a site may have thousands of files, and every upload asks for the sites.
_SITES = """
WITH RECURSIVE of_file (site) AS (
    SELECT '' UNION ALL
    SELECT (SELECT site FROM file WHERE site > of_file.site AND NOT erased ORDER BY site LIMIT 1)
    FROM of_file WHERE site IS NOT NULL
), of_path (site) AS (
    SELECT '' UNION ALL
    SELECT (SELECT site FROM path WHERE site > of_path.site ORDER BY site LIMIT 1)
    FROM of_path WHERE site IS NOT NULL
)
SELECT site FROM of_file WHERE site > '' UNION SELECT site FROM of_path WHERE site > '' ORDER BY site
"""
_CHUNKS = "iif(json_valid(head), json_array_length(head, '$.chunks'), 0)"
_APPLIED = (
    "(SELECT count(*) FROM marker WHERE (site, content, options) = (file.site, file.content, file.options)"
    " AND marker.revision >= file.revision)"
)


class SqliteStore:
    """A store in one SQLite file.

    With `create` false a missing file raises NotFound instead of being made. Raises NotAStore, StoreTooNew,
    StoreNotLocal, StoreBusy and StoreFull as their names say.
    """

    def __init__(self, file: Path, *, create: bool = True, busy_seconds: float = BUSY_SECONDS) -> None:
        self._database = Database(file, create=create, busy_seconds=busy_seconds, add=self._add_sums)
        self._overflow: NumberTooLarge | None = None
        self._ranks = SqliteRanks(self._database)
        self.several_months = self._ranks.several_months
        self.source_months = self._ranks.source_months
        self.ranked_months = self._ranks.ranked_months
        self.put_rank = self._ranks.put_rank
        self.ranks = self._ranks.ranks
        self.device_sizes = self._ranks.device_sizes
        self.device_ranks = self._ranks.device_ranks
        self.allowances = self._ranks.allowances
        self.allow = self._ranks.allow
        self.disallow = self._ranks.disallow
        self._devices = SqliteDevices(self._database, self.file, self.chunks, self.scan)
        self.sum_devices = self._devices.sum_devices
        self.doubt_devices = self._devices.doubt_devices
        self.device_faults = DeviceFaults(self._database, self.scan, self._devices.are_due).device_faults
        self.devices = self._devices.devices
        self._books = SqliteBooks(self._database)
        self.names = self._books.names
        self.traces = self._books.traces
        self.markers = self._books.markers
        self.held = self._books.held
        self.held_month = self._books.held_month
        self.put_marker = self._books.put_marker

    @property
    def file_path(self) -> Path:
        """The database file."""
        return self._database.file

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        with self._database.transaction(keep=keep):
            yield

    def close(self) -> None:
        self._database.close()

    def backup(self, destination: Path) -> None:
        """Write a copy of the whole database, consistent whatever other programs do meanwhile, to a new file."""
        self._database.copy(destination)

    def seal(self) -> None:
        """Close it for good, as one file with nothing beside it, which may be renamed."""
        self._database.seal()

    def keep(self, contribution: Contribution, *, again: bool = False) -> Head:
        name = contribution.head.name
        with self._database.transaction():
            standing = self._head(name)
            if standing is not None and not (again and self._is_erased(name)):
                return standing
            self._run("INSERT INTO contribution VALUES (?, ?, ?, ?)", *file_key(name), contribution.stored())
            self._run(
                "INSERT INTO file (site, content, options, head) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET head = excluded.head, erased = 0",
                *file_key(name),
                _head_text(contribution.head),
            )
        return contribution.head

    def _is_erased(self, name: Name) -> bool:
        return bool(self._run(f"SELECT 1 FROM file WHERE {OF_FILE} AND erased", *file_key(name)).fetchone())

    def _head(self, name: Name) -> Head | None:
        row = self._run(f"SELECT head FROM file WHERE {OF_FILE}", *file_key(name)).fetchone()
        return None if row is None else Head.parse(row[0])

    def keep_rejects(self, name: Name, members: Iterable[bytes]) -> None:
        with self._database.transaction():
            kept = self._run(f"SELECT 1 FROM reject WHERE {OF_FILE}", *file_key(name)).fetchone()
            if kept or self._is_erased(name):
                return
            for place, member in enumerate(members):
                self._run("INSERT INTO reject VALUES (?, ?, ?, ?, ?)", *file_key(name), place, member)

    def chunks(self, name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        head = self._head(name)
        row = self._run(f"SELECT rowid, length(stored) FROM contribution WHERE {OF_FILE}", *file_key(name)).fetchone()
        if head is None or row is None:
            raise no_contribution(name)
        ranges = chunk_ranges(head, row[1] - sum(head.chunk_bytes))
        waiting = iter(numbers)
        while together := list(islice(waiting, _READ_TOGETHER)):
            # Nothing stays open between two chunks: whoever gets them may write, and other programs may too.
            with self._database.blob("contribution", "stored", row[0]) as stored:
                members = [bytes(stored[begin:end]) for begin, end in map(ranges.__getitem__, together)]
            for number, member in zip(together, members, strict=True):
                yield number, read_chunk(member, f"contribution {name}")

    def move(self, site: str, move: Move) -> bool:
        with self._database.transaction():
            record = self.path(site, move.path)
            taken = self.file(move.take) if move.take is not None else None
            if not move.fits(record) or (taken is not None and taken.is_forgotten):
                return False
            after = move.applied_to(record)
            self._put_path(site, move.path, after.refusal, after.versions)
            for name in move.drop if move.retracted else ():
                self._run(f"UPDATE file SET retracted = ? WHERE {OF_FILE}", move.path, *file_key(name))
            if after.names != record.names:
                self._refer(site, move.path, after.names)
        return True

    def _refer(self, site: str, path: str, names: Iterable[Name]) -> None:
        self._run("DELETE FROM reference WHERE site = ? AND path = ?", site, path)
        for name in names:
            self._run("INSERT INTO reference (path, site, content, options) VALUES (?, ?, ?, ?)", path, *file_key(name))

    def refuse(self, site: str, path: str, refusal: Refusal | None, version: str = "") -> None:
        with self._database.transaction():
            record = self.path(site, path)
            versions = replace(record.versions, final=record.versions.final | ({version} - {""}))
            self._put_path(site, path, refusal or record.refusal, versions)

    def _put_path(self, site: str, path: str, refusal: Refusal | None, versions: Versions) -> None:
        self._run(
            "INSERT OR REPLACE INTO path (site, path, refusal, versions) VALUES (?, ?, ?, ?)",
            site,
            path,
            refusal and json.dumps([refusal.reason, refusal.content, refusal.lines, refusal.last_day]),
            None
            if versions == Versions()
            else json.dumps([sorted(versions.final), versions.first, versions.last, versions.last_rule]),
        )

    def advance(
        self, name: Name, expected: int, revision: int, *, retracted: str = "", referred: bool | None = None
    ) -> bool:
        with self._database.transaction():
            if referred is not None and referred != self._is_referred_to(name):
                return False
            moved = self._run(
                f"UPDATE file SET revision = ?, retracted = ? WHERE {OF_FILE} AND revision = ?",
                revision,
                retracted,
                *file_key(name),
                expected,
            )
            return moved.rowcount == 1

    def _is_referred_to(self, name: Name) -> bool:
        return self._run(f"SELECT 1 FROM reference WHERE {OF_FILE} LIMIT 1", *file_key(name)).fetchone() is not None

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        with self._database.transaction():
            standing = self._marker(name, number)
            if standing >= revision:
                return False
            if is_in(standing) != is_in(revision):
                self._change_sums(name.site, chunk, into=is_in(revision))
            self._run(
                "INSERT INTO marker (site, content, options, chunk, revision) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET revision = excluded.revision",
                *(*file_key(name), number, revision),
            )
            return True

    def _marker(self, name: Name, number: int) -> int:
        query = f"SELECT revision FROM marker WHERE {OF_FILE} AND chunk = ?"
        row = self._run(query, *file_key(name), number).fetchone()
        return 0 if row is None else int(row[0])

    def _change_sums(self, site: str, chunk: Chunk, *, into: bool) -> None:
        floor = self.floor()
        rows = [row if into else row.inverse() for row in chunk if row.month >= floor]
        for row in rows:
            row.check()
        self._overflow = None
        try:
            self._database.connection.executemany(
                "INSERT INTO pair_month VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET sums = iotagg_add(sums, excluded.sums)",
                [(site, row.source, row.destination, row.month, without_zeros(row.text)) for row in rows],
            )
        except sqlite3.OperationalError:
            if self._overflow is not None:
                raise self._overflow from None
            raise
        if not into:
            self._database.connection.executemany(
                f"DELETE FROM pair_month WHERE {OF_PAIR_MONTH} AND sums = '{EMPTY}'",
                [(site, row.source, row.destination, row.month) for row in rows],
            )

    def _add_sums(self, standing: str, added: str) -> str:
        try:
            return sum_texts.added(standing, added)
        except NumberTooLarge as error:
            self._overflow = error  # SQLite passes on that a function failed, but not why
            raise

    def applied(self, name: Name, revision: int) -> frozenset[int]:
        query = f"SELECT chunk FROM marker WHERE {OF_FILE} AND revision >= ?"
        return frozenset(row[0] for row in self._run(query, *file_key(name), revision))

    assessed_chunks = applied

    def chunk_assessed(self, name: Name, revision: int, number: int) -> None:
        """Nothing to remember: what is to be assessed follows from markers and assessed()."""

    def pending(self, site: str) -> Iterator[Pending]:
        query = (
            "SELECT site, content, options FROM file WHERE site = ? AND ("
            f" revision > 0 AND {_CHUNKS} > {_APPLIED}"
            " OR revision % 2 <> EXISTS (SELECT 1 FROM reference"
            " WHERE (site, content, options) = (file.site, file.content, file.options))"
            ") ORDER BY content, options"
        )
        return (Pending(Name(*row)) for row in self._run(query, site).fetchall())

    def outstanding(self, site: str) -> Iterator[tuple[Name, int]]:
        query = (
            "SELECT site, content, options, revision FROM file INDEXED BY file_to_assess"
            f" WHERE site = ? AND assessed < revision AND NOT erased AND {_CHUNKS} <= {_APPLIED}"
            " ORDER BY content, options"
        )
        return ((Name(*key), revision) for *key, revision in self._run(query, site).fetchall())

    def assessed(self, name: Name, revision: int) -> None:
        self._run(f"UPDATE file SET assessed = ? WHERE {OF_FILE} AND assessed < ?", revision, *file_key(name), revision)

    def settled(self, name: Name, revision: int) -> None:
        """Nothing to do: what is pending is derived."""

    def floor(self) -> str:
        row = self._run("SELECT month FROM floor").fetchone()
        return "" if row is None else str(row[0])

    def raise_floor(self, month: str) -> None:
        self._run("INSERT INTO floor VALUES (1, ?) ON CONFLICT DO UPDATE SET month = max(month, excluded.month)", month)

    def floor_lag(self) -> float:
        return 0.0

    def erase(self, name: Name, *, referred: bool = False) -> bool:
        with self._database.transaction():
            record = self.file(name)
            if record is not None and record.paths and not referred:
                return False
            self._devices.sum_file(name)
            for table in ("contribution", "reject"):
                self._run(f"DELETE FROM {table} WHERE {OF_FILE}", *file_key(name))
            if record is not None:
                self._seal(record)
        return True

    def _seal(self, record: FileRecord) -> None:
        key = file_key(record.name)
        for number in range(record.head.chunks if record.revision else 0):
            self._run(
                "INSERT OR IGNORE INTO marker (site, content, options, chunk, revision) VALUES (?, ?, ?, ?, ?)",
                *(*key, number, sealing(record.revision)),
            )
        head = _head_text(record.head.emptied())
        self._run(f"UPDATE file SET head = ?, erased = 1 WHERE {OF_FILE}", head, *key)

    def keep_forgotten(self, record: FileRecord) -> None:
        known = record.forgotten_elsewhere()
        self._run(
            "INSERT OR IGNORE INTO file (site, content, options, revision, retracted, head, erased)"
            " VALUES (?, ?, ?, ?, ?, ?, 1)",
            *file_key(known.name),
            known.revision,
            known.retracted,
            _head_text(known.head),
        )

    def erase_empty(self, site: str = "", device: str = "") -> int:
        # An emptied one goes with the transaction that empties it; its rank may be left, and totals of its devices.
        for each in [site] if site else self._devices.sites():
            self._devices.sum_devices(each)
        return self._ranks.erase_empty(site, device)

    def erase_below_floor(self) -> int:
        with self._database.transaction():
            self._ranks.erase_below_floor()
            return self._run(f"DELETE FROM pair_month WHERE NOT {IS_KEPT}").rowcount

    def drop_path(self, site: str, path: str) -> bool:
        with self._database.transaction():
            if self.path(site, path).names:
                return False
            self._run("DELETE FROM path WHERE site = ? AND path = ?", site, path)
            return True

    def overwrite_erased(self) -> None:
        """Write the database anew, so that none of its bytes are of what was erased.

        Raises StoreBusy where another program has it open meanwhile.
        """
        self._database.rewrite()

    def file(self, name: Name) -> FileRecord | None:
        query = f"SELECT head, revision, retracted, erased FROM file WHERE {OF_FILE}"
        row = self._run(query, *file_key(name)).fetchone()
        return None if row is None else self._record(*row)

    def _record(self, head: str, revision: int, retracted: str, erased: int) -> FileRecord:
        known = Head.parse(head)
        paths = self._run(f"SELECT path FROM reference WHERE {OF_FILE}", *file_key(known.name))
        return FileRecord(known, revision, retracted, frozenset(row[0] for row in paths), bool(erased))

    def readings(self, site: str, content: str) -> list[FileRecord]:
        query = "SELECT head, revision, retracted, erased FROM file WHERE site = ? AND content = ? ORDER BY options"
        return [self._record(*row) for row in self._run(query, site, content).fetchall()]

    def path(self, site: str, path: str) -> PathRecord:
        row = self._run("SELECT refusal, versions FROM path WHERE site = ? AND path = ?", site, path).fetchone()
        return self._path_record(site, path, *(row or (None, None)))

    def _path_record(self, site: str, path: str, refusal: str | None, versions: str | None) -> PathRecord:
        query = "SELECT site, content, options FROM reference WHERE site = ? AND path = ? ORDER BY place"
        names = tuple(Name(*row) for row in self._run(query, site, path))
        with intact(f"what is known of {path}"):
            final, *others = json.loads(versions) if versions else ((),)
            return PathRecord(
                site,
                path,
                names=names,
                refusal=_refusal(*json.loads(refusal)) if refusal else None,
                versions=Versions(frozenset(final), *others),
            )

    def sites(self) -> list[str]:
        return [row[0] for row in self._run(_SITES)]

    def paths(self, site: str) -> Iterator[PathRecord]:
        query = "SELECT site, path, refusal, versions FROM path WHERE site = ? AND path > ? ORDER BY path LIMIT ?"
        last = ""
        while rows := self._run(query, site, last, _PATHS_TOGETHER).fetchall():
            yield from (self._path_record(*row) for row in rows)
            before, last = last, rows[-1][1]
            if not isinstance(last, str) or last <= before:
                # Else a list that leads back to its beginning would be gone through for ever.
                raise damage(f"the list of the paths of {site}", ValueError("it is in no order"))

    def listed_paths(self, site: str) -> Iterator[str]:
        rows = self._run("SELECT path FROM path WHERE site = ? ORDER BY path", site).fetchall()
        return (path for (path,) in rows)

    def files(self, site: str) -> Iterator[FileRecord]:
        query = (
            "SELECT head, revision, retracted, erased FROM file WHERE site = ? AND NOT erased ORDER BY content, options"
        )
        return (self._record(*row) for row in self._run(query, site).fetchall())

    def forgotten(self) -> Iterator[FileRecord]:
        rows = self._run("SELECT head, revision, retracted, erased FROM file WHERE erased").fetchall()
        return (record for row in rows if (record := self._record(*row)).is_forgotten)

    def rejects(self, name: Name) -> Iterator[Reject]:
        for (member,) in self._run(f"SELECT member FROM reject WHERE {OF_FILE} ORDER BY place", *file_key(name)):
            yield from read_rejects(member, f"contribution {name}")

    def rejected(self, site: str) -> Iterator[Name]:
        query = "SELECT DISTINCT site, content, options FROM reject WHERE site = ? ORDER BY content, options"
        return (Name(*row) for row in self._run(query, site).fetchall())

    def months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[PairMonth]:
        query = (
            "SELECT source, destination, month, sums FROM pair_month"
            " WHERE site = ? AND source = ? AND destination = ? AND month BETWEEN ? AND ?"
            f" AND {IS_KEPT} ORDER BY month"
        )
        return list(_pair_months(self._run(query, site, source, destination, first, last)))

    def scan(self, site: str, after: tuple[str, str] = NO_PAIR) -> Iterator[PairMonth]:
        query = (
            "SELECT source, destination, month, sums FROM pair_month"
            f" WHERE site = ? AND (source, destination) > (?, ?) AND {IS_KEPT}"
            " ORDER BY source, destination, month"
        )
        return _pair_months(self._run(query, site, *after))

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        with self._database.transaction():
            corrected = self._books.correct(before, sums)
            if corrected:
                self._ranks.put_rank(before.site, PairMonth(*before.key[1:], sums), None)
            return corrected

    def first_month(self) -> str:
        return self.floor()

    @contextmanager
    def stored(self, name: Name) -> Iterator[tuple[ByteStream, int, int]]:
        row = self._run(f"SELECT length(stored) FROM contribution WHERE {OF_FILE}", *file_key(name)).fetchone()
        if row is None:
            raise no_contribution(name)
        head = self._head(name)
        first_chunk = row[0] - sum(head.chunk_bytes) if head is not None else 0
        yield StoredBytes(self._database, name), row[0], first_chunk

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.run(statement, *values)


def _refusal(reason: str, content: str, lines: dict[str, int], last_day: str = "") -> Refusal:
    if [type(reason), type(content), type(lines), type(last_day)] != [str, str, dict, str]:
        raise TypeError("there is something else than a reason, a name and counts")
    return Refusal(reason, content, lines, last_day)


def _head_text(head: Head) -> str:
    return json.dumps(head.as_json(), separators=(",", ":"))


def _pair_months(rows: Iterable[tuple[Any, ...]]) -> Iterator[PairMonth]:
    for source, destination, month, sums in rows:
        if has_flows(sums):
            yield PairMonth(source, destination, month, None, sums)
