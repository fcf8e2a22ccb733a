"""SQLite files as other programs see them; and what tests count in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from iotagg.core.ranks import Rank
from iotagg.stores.sqlite import SqliteStore
from tests.stores.counted import ONE
from tests.stores.racing import CHUNKS, pair_month

RANK = Rank(stands_out=True, steady=False, sizes=(1, 2, 3, 4))
CHUNK = [pair_month("192.168.1.7")]
LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


def run(file: Path, *statements: str) -> None:
    """Run statements in a file, behind the store's back."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(file.name for file in folder.iterdir())


def assert_one_line(error: BaseException) -> None:
    """Assert that a person reads one line."""
    assert "\n" not in str(error)
    assert str(error)


def open_files(file: Path) -> list[str]:
    """Return the files of this name, or that begin with it, which this process holds open."""
    held = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            held.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue  # the descriptor that listed the others
    return [name for name in held if name.startswith(str(file))]


def create_in_process(file: Path, seed: int, started: Any, made: Any) -> None:
    """Open the file, new or not, and count a chunk there, in a process of its own."""
    started.wait(60)
    with closing(SqliteStore(file)) as store:
        made.put(store.apply(ONE, 1, seed, CHUNKS[0]))
