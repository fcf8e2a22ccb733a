"""A new database that is there whole, or not at all."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.errors import StoreError
from iotagg.stores.sqlite import SqliteStore
from iotagg.whole_file import PART, put_in_place, remove_left_parts

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def new_database(file: Path) -> Iterator[SqliteStore]:
    """Give an empty database to fill, which takes the name of `file` at the end, or goes away after an error.

    What is written to it becomes visible together. Raises StoreError where it cannot be made.
    """
    if not file.absolute().parent.is_dir():
        raise StoreError(f"{file} cannot be written: there is no folder {file.parent}")
    remove_left_parts(file)
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=f".{file.name}.", suffix=PART) as folder:
            part = Path(folder, file.name)
            store = SqliteStore(part)
            try:
                with store.atomically():  # one transaction: nobody sees it before, and it is not synced file by file
                    yield store
                store.seal()
            finally:
                store.close()
            put_in_place(part, file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror or error}") from error
