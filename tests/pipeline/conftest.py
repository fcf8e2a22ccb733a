"""A place for flow files, and one store of each kind to upload them to."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Policy
from iotagg.core.tolerance import Tolerance
from iotagg.jobs.consolidate import consolidate_here
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import no_progress, path_text
from iotagg.stores.memory import MemoryStore
from tests.examples import LONG
from tests.pipeline.csvs import everything, put
from tests.stores.backends import BACKENDS, WITHOUT_ENGINE, backend_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from iotagg.core.ledger import FileRecord, OnChange, PathRecord
    from iotagg.core.outcome import Outcome
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row


@dataclass
class Desk:
    """Where a test uploads from, in words as short as a person's."""

    store: Store
    folder: Path
    transactional: bool

    def upload(
        self,
        name: str,
        content: bytes | None = None,
        *,
        site: str = "paris",
        on_change: OnChange = "refuse",
        again: bool = False,
        reading: ReadingOptions | None = None,
        max_rejects: str = "",
        dry_run: bool = False,
        passed: Callable[[int], object] = no_progress,
    ) -> Outcome:
        """Upload a file, after writing it when its content is given."""
        if content is not None:
            put(self.folder / name, content)
        request = Request(
            site=site,
            reading=reading or ReadingOptions(),
            policy=Policy(on_change, again),
            tolerance=Tolerance.parse(max_rejects) if max_rejects else Tolerance(),
            dry_run=dry_run,
        )
        return upload(self.store, self.folder / name, request, passed)

    def assessing(self) -> AbstractContextManager[object]:
        """Return a context in which what is counted is assessed at once where workers do so, as in a table."""
        return nullcontext() if self.transactional else patch("iotagg.pipeline.consolidate", consolidate_here)

    def retract(self, name: str, site: str = "paris") -> None:
        """Take out all that a path refers to."""
        retract(self.store, site, path_text(self.folder / name), self.path(name, site).names)

    def path(self, name: str, site: str = "paris") -> PathRecord:
        """Return what the store knows of a path."""
        return self.store.path(site, path_text(self.folder / name))

    def records(self, name: str, site: str = "paris") -> list[FileRecord]:
        """Return the contributions that a path refers to."""
        return [record for each in self.path(name, site).names if (record := self.store.file(each)) is not None]

    def sums(self) -> dict[str, list[Row]]:
        """Return all that the store adds up to."""
        return everything(self.store)

    def clean(
        self, *contents: bytes, site: str = "paris", reading: ReadingOptions | None = None
    ) -> dict[str, list[Row]]:
        """Return what contents add up to in a store that never saw anything else: the same, whichever kind it is."""
        store = MemoryStore()
        for number, content in enumerate(contents):
            file = put(self.folder / "clean" / f"{number}.csv", content)
            outcome = upload(store, file, Request(site=site, reading=reading or ReadingOptions()))
            assert outcome.state == "counted"
        return everything(store)


@pytest.fixture(params=BACKENDS if LONG else WITHOUT_ENGINE)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "store").mkdir()
    backend = backend_of(request, tmp_path / "store")
    store = backend.open()
    yield Desk(store, tmp_path / "flows", backend.transactional)
    store.close()
