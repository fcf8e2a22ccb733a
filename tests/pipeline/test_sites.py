"""How a site stands follows from the heads of its files."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.core.tolerance import Tolerance
from iotagg.pipeline import Request, retract, upload
from iotagg.sites import Site, SiteDay, site_days, site_standing
from iotagg.stores.memory import MemoryStore
from tests.pipeline.csvs import TORN, csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = date(2022, 12, 1)
LENIENT = Request("paris", tolerance=Tolerance.parse("100%"))


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    with closing(MemoryStore()) as opened:
        for number in range(10):
            send(opened, tmp_path, number)
        yield opened


def send(store: MemoryStore, folder: Path, number: int, *more: bytes, flows: int = 50) -> None:
    rows = [flow(day=day(number), packets=packets) for packets in range(flows)]
    assert upload(store, put(folder / f"{day(number)}.csv", csv(*rows, *more)), LENIENT).state == "counted"


def test_a_site_that_sends_each_day_is_fine(store: MemoryStore) -> None:
    expected = Site("paris", 10, 0, 500, 0, day(0), day(9), "fine")
    assert site_standing(store, "paris", day(10)) == expected


def test_a_site_is_silent_once_its_day_is_over_and_its_files_would_have_come(store: MemoryStore) -> None:
    assert [site_standing(store, "paris", day(number)).state for number in (10, 11, 12, 400)] == [
        *("fine", "fine", "silent", "silent")
    ]
    store.allow(allowance_of(site="paris", kind="site-silent", note="moved"))
    assert site_standing(store, "paris", day(12)).state == "fine"


def test_a_file_with_many_rejected_lines_is_told_for_a_week(store: MemoryStore, tmp_path: Path) -> None:
    send(store, tmp_path, 10, *[TORN] * 30)
    standing = site_standing(store, "paris", day(11))
    assert (standing.state, standing.rejected) == ("rejects", 30)
    for number in range(11, 18):
        assert site_standing(store, "paris", day(number)).state == "rejects"
        send(store, tmp_path, number)
    assert site_standing(store, "paris", day(18)).state == "fine"


def test_a_site_of_which_nothing_is_in_is_empty(store: MemoryStore) -> None:
    for path in list(store.paths("paris")):
        retract(store, "paris", path.path, path.names)
    assert site_standing(store, "paris", day(10)) == Site("paris", 0, 0, 0, 0, "", "", "empty")
    assert site_days(store, "paris") == []


def test_days_are_those_of_the_files_that_are_in(store: MemoryStore, tmp_path: Path) -> None:
    send(store, tmp_path, 20, flow(day=day(9)), flow(day=day(21)), flows=3)
    found = site_days(store, "paris", since=day(8))
    assert found == [SiteDay(day(8), 50, 1), SiteDay(day(9), 51, 2), SiteDay(day(20), 3, 1), SiteDay(day(21), 1, 1)]
    assert site_days(store, "paris", since=day(9), until=day(10)) == found[1:2]


def test_figures_that_are_not_all_in_are_said(store: MemoryStore) -> None:
    (name, *_) = store.names("paris")
    store.advance(name, 1, 3)
    standing = site_standing(store, "paris", day(10))
    assert (standing.pending, standing.state) == (1, "pending")
