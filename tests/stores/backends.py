"""The stores that the conformance suite runs over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iotagg.stores.protocol import Store


@dataclass(frozen=True)
class Backend:
    """A kind of store with its own, empty data.

    `open` gives a further handle on the same data. Where other processes can open it too, `shared` is set and `open`
    can be pickled; where several writes can be made visible together, `transactional` is set.
    """

    open: Callable[[], Store]
    shared: bool
    transactional: bool


def memory(_: Path) -> Backend:
    """Return the store in memory: every handle is the same store."""
    store = MemoryStore()
    return Backend(lambda: store, shared=False, transactional=True)


def sqlite(folder: Path) -> Backend:
    """Return the store in one SQLite file."""
    return Backend(partial(SqliteStore, folder / "store.db"), shared=True, transactional=True)


BACKENDS = {"memory": memory, "sqlite": sqlite}
