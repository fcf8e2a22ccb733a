"""Connections to one SQLite file: opened per thread, in WAL mode, with errors that say the way out."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.core.cells import printable
from iotagg.errors import NotAStore, NotFound, StoreBusy, StoreError, StoreFull, StoreNotLocal
from iotagg.stores import network_disk
from iotagg.stores.schema import check_owner, check_tables, claim, migrate
from iotagg.whole_file import PART, put_in_place, remove_left_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

BUSY_SECONDS = 30.0
_CACHE_KIBIBYTES = 8 * 1024
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNREADABLE_CODES = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_NO_TEXT = "Could not decode to UTF-8"  # Python's sqlite3 says so of a text's bytes, without any code


class Database:
    """One SQLite file with a connection for each thread; transactions of one thread nest into the outermost."""

    def __init__(self, file: Path, *, create: bool, busy_seconds: float, add: Callable[[str, str], str]) -> None:
        self.file = file
        self._busy_seconds = busy_seconds
        self._add = add
        self._of_thread = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        if not create and not file.exists():
            raise NotFound(f"no database at {file}; iotagg upload makes it, --db names another")
        if network_disk.is_on(file):
            raise StoreNotLocal(f"{file} is on a network disk, where SQLite cannot lock safely; put it on a local one")
        try:
            with self._translated():
                if create:
                    file.parent.mkdir(parents=True, exist_ok=True)
                self._connect()
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        return found if found is not None else self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self.file.exists():
            check_owner(self.file)
        connection = sqlite3.connect(
            self.file, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        with self._guard:
            self._open.append(connection)
        check_tables(connection, self.file)
        claim(connection)
        self._enter_wal(connection)
        # A file that was reported as counted stays counted when the power fails; at one commit a file it costs little.
        connection.execute("PRAGMA synchronous = FULL")
        # A file's pairs lie all over the database, and its chunks come by bucket: with SQLite's own 2 MB, pages would
        # be written and read again within one transaction.
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        migrate(connection, self.file)
        connection.create_function("iotagg_add", 2, self._add, deterministic=True)
        self._of_thread.connection = connection
        return connection

    def _enter_wal(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait for the busy timeout when two connections enter WAL mode at once.
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if _primary(error) not in _BUSY_CODES or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                continue
            if mode != "wal":
                raise StoreNotLocal(
                    f"{self.file} lies where SQLite's write-ahead log cannot work; put it on a local disk"
                )
            return

    def run(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Run one statement on this thread's connection."""
        with self._translated():
            return self.connection.cursor(self._new_rows).execute(statement, values)

    def _new_rows(self, connection: sqlite3.Connection) -> _Rows:
        return _Rows(connection, self._translated)

    @contextmanager
    def blob(self, table: str, column: str, row: int) -> Iterator[sqlite3.Blob]:
        """Open the content of a cell for reading."""
        with self._translated(), self.connection.blobopen(table, column, row, readonly=True) as content:
            yield content

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Write together what is written inside; with `keep` false, or after an error, nothing of it stays.

        Inside another transaction of this thread it is a part of that: an error takes back this part alone.
        """
        with self._translated():
            connection = self.connection
            nested = connection.in_transaction
            connection.execute("SAVEPOINT part" if nested else "BEGIN IMMEDIATE")
            done = False
            try:
                yield
                done = True
            finally:
                if connection.in_transaction:  # a full disk may have ended it already
                    self._end(connection, nested=nested, keep=keep and done)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See inside what stood at one moment, whatever others write meanwhile; nothing can be written."""
        with self._translated():
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("ROLLBACK")

    def together(self) -> AbstractContextManager[None]:
        """Write together what is written inside; within another transaction, an error is for that one to take back."""
        return nullcontext() if self.connection.in_transaction else self.transaction()

    def _end(self, connection: sqlite3.Connection, *, nested: bool, keep: bool) -> None:
        if nested:
            if not keep:
                connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
            return
        try:
            connection.execute("COMMIT" if keep else "ROLLBACK")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def copy(self, destination: Path) -> None:
        """Write a consistent copy to a file that is there either whole or not at all."""
        if not destination.absolute().parent.is_dir():
            raise StoreError(f"{destination} cannot be written: there is no folder {destination.parent}")
        if destination.exists() and not destination.is_file():
            raise StoreError(f"{destination} is no file that a copy could replace; name another")
        if destination.exists() and destination.samefile(self.file):
            raise StoreError(f"{destination} is the database itself; name another file for its copy")
        remove_left_parts(destination)
        handle, name = tempfile.mkstemp(dir=destination.parent, prefix=f".{destination.name}.", suffix=PART)
        os.close(handle)
        try:
            with self._translated(), closing(sqlite3.connect(name)) as copy:
                self.connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            put_in_place(Path(name), destination)
        finally:
            Path(name).unlink(missing_ok=True)

    def seal(self) -> None:
        """Close it as one file, with nothing of it left beside."""
        with self._translated():
            self.connection.execute("PRAGMA journal_mode = DELETE")
        self.close()

    def rewrite(self) -> None:
        """Write the database anew, then empty its log: neither holds anything of what was deleted any more."""
        with self._translated():
            # VACUUM leaves out what was freed before; what is freed meanwhile is overwritten (PRAGMA secure_delete).
            self.connection.execute("PRAGMA secure_delete = ON")
            self.connection.execute("VACUUM")
            held_up, *_ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if held_up:
            raise StoreBusy(
                f"{self.file} is open in another program, so that what was erased is not overwritten yet;"
                " close that, then try again"
            )

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            while self._open:
                self._open.pop().close()
        self._of_thread = threading.local()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self._as_store_error(error) from error
        except OSError as error:
            raise StoreError(f"{error.filename or self.file} cannot be used: {error.strerror or error}") from error

    def _as_store_error(self, error: sqlite3.DatabaseError | UnicodeDecodeError) -> StoreError:
        code = _primary(error)
        if code in _BUSY_CODES:
            return StoreBusy(
                f"{self.file} was locked by another program for over {self._busy_seconds:g} s;"
                " close that, then try again"
            )
        if code == sqlite3.SQLITE_FULL:
            return StoreFull(f"the disk under {self.file} is full; make room, then try again: nothing was half-written")
        if code in _UNREADABLE_CODES or isinstance(error, UnicodeDecodeError) or _NO_TEXT in str(error):
            return NotAStore(f"{self.file} is no SQLite database, or a damaged one; name another file with --db")
        return StoreError(
            f"{self.file} cannot be used: {printable(str(error))}; check that it and its folder are writable"
        )


class _Rows(sqlite3.Cursor):
    """The rows of a statement: what is wrong with the file may show at any of them."""

    def __init__(self, connection: sqlite3.Connection, translated: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(connection)
        self._translated = translated

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            with self._translated():
                raise

    def fetchone(self) -> Any:
        with self._translated():
            return super().fetchone()

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        with self._translated():
            return super().fetchmany(size)

    def fetchall(self) -> list[Any]:
        with self._translated():
            return super().fetchall()


def _primary(error: Exception) -> int:
    # Extended codes keep the primary one in their lowest byte (SQLite, "Result and Error Codes").
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
