"""Sites whose days are alike, but for one on which a pair has far more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from iotagg.assess import assess_chunk
from iotagg.pipeline import Request, upload
from tests.pipeline.csvs import csv, flow, put

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.stores.protocol import Store

DAYS = 22
TODAY = "2022-12-23"
"""The day after the last one of these sites: their newest day that is over is the 21st."""

SOURCE, DESTINATION = "192.168.1.7", "192.0.2.1"
SURGE = 21


def day(number: int) -> str:
    """Return a day by its number from 1."""
    return (date(2022, 12, 1) + timedelta(days=number - 1)).isoformat()


def content(number: int, flows: int, source: str = SOURCE, destination: str = DESTINATION) -> bytes:
    """Return a day's file: so many flows of one pair, each of 20 s and 10 packets."""
    return csv(*[flow(source, destination, day(number), 20_000_000, 10)] * flows)


def usual(number: int) -> int:
    """Return how many flows there are on a usual day."""
    return 10 + number % 3


def counted(store: Store, folder: Path, site: str, *, surge_on: int = 0) -> None:
    """Count a file for each day, on one of them with twenty times as many flows, and bring the ranks up to date."""
    for number in range(1, DAYS + 1):
        flows = usual(number) * (20 if number == surge_on else 1)
        file = put(folder / site / f"{number}.csv", content(number, flows))
        assert upload(store, file, Request(site)).state == "counted"
    assess_chunk(store, site, store.scan(site))
