"""Whether a database has changed, told without reading what is in it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.request import pathname2url

from iotagg.core.cells import printable
from iotagg.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_SECONDS = 1.0


class SqliteVersion:
    """A connection that stays open and writes nothing: SQLite tells it that others have committed something.

    For one thread at a time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._opened = 0

    def read(self) -> str:
        """Return a text that is another one than at the last call if the database changed meanwhile, or if it may have.

        Raises StoreError where it cannot be asked; the next call tries anew.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._opened += 1  # figures of two connections do not compare
            (number,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"{self._file} cannot be asked whether it changed: {printable(str(error))}") from None
        return f"{self._opened}.{number}"

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):  # what cannot be closed any more is not open
                self._connection.close()
        self._connection = None

    def _connect(self) -> sqlite3.Connection:
        address = f"file:{pathname2url(str(self._file.absolute()))}?mode=rw"  # which makes no file where there is none
        return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
