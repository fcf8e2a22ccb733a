"""A contribution's stored form in a database, read piece by piece."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from iotagg.core.contribution import no_contribution

if TYPE_CHECKING:
    from iotagg.core.contribution import Name
    from iotagg.stores.connection import Database

_PIECE = 1 << 20


class StoredBytes:
    """The bytes of one contribution. Between two pieces nothing is held, so that other programs may write."""

    def __init__(self, database: Database, name: Name) -> None:
        self._database = database
        self._name = name
        self._passed = 0
        self._waiting = b""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end only. Raises NotFound where it was removed meanwhile."""
        if not self._waiting:
            self._waiting = self._piece()
            self._passed += len(self._waiting)
        block, self._waiting = self._waiting[:size], self._waiting[size:]
        return block

    def _piece(self) -> bytes:
        query = "SELECT rowid FROM contribution WHERE site = ? AND content = ? AND options = ?"
        row = self._database.run(query, self._name.site, self._name.content, self._name.options).fetchone()
        try:
            if row is not None:
                with self._database.connection.blobopen("contribution", "stored", row[0], readonly=True) as stored:
                    return bytes(stored[self._passed : self._passed + _PIECE])
        except sqlite3.OperationalError:
            pass  # it went between the two
        raise no_contribution(self._name)
