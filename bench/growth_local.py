"""Ways to count a file on one machine: iotagg with a database file, and the consolidated CSV as a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bench.consolidated_csv import merged, pair_totals
from bench.growth_traffic import STORED
from bench.growth_ways import Cost, must_be_counted, timed, totals_of_all, watched_bytes
from bench.setting import SITE, totals_of
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.growth_traffic import GrowthTraffic
    from iotagg.core.pair_month import PairMonth


class InSqlite:
    """iotagg with a database file."""

    def __init__(self, file: Path) -> None:
        self.store = SqliteStore(file)

    def preload(self, traffic: GrowthTraffic) -> None:
        """Store what lies there before the first file."""
        with self.store.atomically():
            for number, chunk in enumerate(traffic.stored_chunks()):
                self.store.apply(STORED, 1, number, chunk)

    def take(self, file: Path) -> Cost:
        """Upload a file as the command does."""
        cost = Cost()
        with watched_bytes(cost), timed(cost):
            outcome = upload(self.store, file, Request(SITE))
        must_be_counted(outcome.state, file)
        return cost

    def closely(self, file: Path) -> Cost:
        """Upload a file, and count statements."""
        cost = Cost()
        statements: list[str] = []
        connection = self.store._database.connection  # noqa: SLF001 (it is what SQLite tells its statements of)
        connection.set_trace_callback(statements.append)
        upload(self.store, file, Request(SITE))
        connection.set_trace_callback(None)
        cost.requests = len(statements)
        return cost

    def take_all(self, files: Sequence[Path]) -> list[Cost]:
        """Upload files one after the other."""
        return [self.take(file) for file in files]

    def sums(self) -> Iterable[PairMonth]:
        """Yield all that is stored."""
        return self.store.scan(SITE)


class CsvOnDisk:
    """The consolidated CSV as a file: read, merged, written beside, flushed to the disk and renamed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "consolidated.csv"

    def preload(self, traffic: GrowthTraffic) -> None:
        """Store what lies there before the first file."""
        self.write(traffic.consolidated())

    def read(self) -> bytes:
        """Return all of it."""
        return self._file.read_bytes()

    def write(self, consolidated: bytes) -> None:
        """Write all of it, as durably as a database file is."""
        beside = self._file.with_suffix(".part")
        with beside.open("wb") as file:
            file.write(consolidated)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)

    def take(self, file: Path) -> Cost:
        """Merge a file."""
        cost = Cost()
        with watched_bytes(cost), timed(cost):
            self.write(merged(self.read(), pair_totals(totals_of(file).days)))
        return cost

    closely = take

    def take_all(self, files: Sequence[Path]) -> list[Cost]:
        """Merge many files at once, which this design cannot do with files that come one by one."""
        self.write(merged(self.read(), totals_of_all(files)))
        return [Cost() for _ in files]
