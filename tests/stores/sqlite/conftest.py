"""A database file in a folder of its own, and the store in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(file, busy_seconds=0.1)
    yield opened
    opened.close()
