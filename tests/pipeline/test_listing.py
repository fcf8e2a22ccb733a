from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.errors import NotFound
from iotagg.listing import counted_file
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from tests.pipeline.csvs import csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.ledger import PathRecord


class TakenOutMeanwhile(MemoryStore):
    """A store in which somebody else takes all files out while they are listed: after what is in, before the paths."""

    def paths(self, site: str) -> Iterator[PathRecord]:
        for path in list(super().paths(site)):
            retract(self, site, path.path, path.names)
        return super().paths(site)


def test_a_file_that_somebody_else_takes_out_meanwhile_is_found(tmp_path: Path) -> None:
    store, file = TakenOutMeanwhile(), put(tmp_path / "a.csv", csv(flow()))
    outcome = upload(store, file, Request("paris"))
    site, path, (name,) = counted_file(store, "paris", "a.csv")
    assert (site, path, str(name)) == ("paris", path_text(file), outcome.contribution)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    store = TakenOutMeanwhile()
    upload(store, put(tmp_path / "a.csv", csv(flow())), Request("paris"))
    with pytest.raises(NotFound, match="no counted file is named b"):
        counted_file(store, "paris", "b.csv")
