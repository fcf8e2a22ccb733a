"""A small store as a few branches leave it after some weeks: grown, shared, replaced, retracted, refused, erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.contribution import bucket_of
from iotagg.core.ledger import Policy
from iotagg.core.tolerance import Tolerance
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from tests.pipeline.csvs import TORN, csv, flow, put

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.core.ledger import OnChange
    from iotagg.stores.protocol import Store

_LONG = 1_234_567_890_123  # its square is no double
_ONE_BUCKET = 100  # pair-months, of which 96 make a chunk


def _days(source: int, *days: str, pairs: int = 3, duration: int = 1_000) -> list[bytes]:
    # A source of its own, and one that all share.
    return [
        row
        for number, day in enumerate(days)
        for pair in range(pairs)
        for row in (
            flow(f"192.168.{source}.7", f"192.0.2.{pair}", day, duration + 17 * pair + number, pair + 1),
            flow(f"192.168.{source}.7", f"192.0.2.{pair}", day, duration // 3, 1),
        )
    ]


def _shared(day: str, packets: int) -> list[bytes]:
    return [flow("192.168.0.1", "192.0.2.99", day, 500, packets), flow("192.0.2.99", "192.168.0.1", day, 70, packets)]


def _in_one_bucket(source: str) -> list[bytes]:
    found = (f"198.51.{n // 250}.{n % 250}" for n in range(10_000))
    there = [destination for destination in found if bucket_of(source, destination) == 5]
    return [flow(source, destination, "2022-12-09", 40 + n, 2) for n, destination in enumerate(there[:_ONE_BUCKET])]


class Office:
    """Who uploads the files."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def upload(
        self, name: str, content: bytes, *, site: str = "paris", on_change: OnChange = "refuse", again: bool = False
    ) -> None:
        """Upload a file, which is then counted or refused."""
        file = put(self._folder / site / name, content)
        request = Request(site=site, policy=Policy(on_change, again), tolerance=Tolerance.parse("50%"))
        upload(self._store, file, request)

    def retract(self, name: str, site: str = "paris") -> None:
        """Take out what a path refers to."""
        path = path_text(self._folder / site / name)
        retract(self._store, site, path, self._store.path(site, path).names)

    def erase(self, name: str, site: str = "paris") -> None:
        """Take out what a path refers to, and erase it."""
        names = self._store.path(site, path_text(self._folder / site / name)).names
        self.retract(name, site)
        for each in names:
            assert self._store.erase(each)


def furnish(store: Store, folder: Path) -> None:
    """Upload all files, and do to them what people do."""
    office = Office(store, folder)
    months = _days(1, "2022-11-29", "2022-11-30", "2022-12-01", "2022-12-02", duration=_LONG)
    office.upload(
        "months.csv", csv(*months, flow("2001:db8::a", "2001:db8::b", "2022-12-01"), *_shared("2022-12-01", 3))
    )
    torn = csv(*_days(2, "2022-12-01", "2022-12-02"), TORN, b"\n", TORN, *_shared("2022-12-02", 5), TORN)
    office.upload("torn.csv", torn)
    office.upload("torn-copy.csv", torn)
    office.upload("long.csv", csv(*_in_one_bucket("192.168.3.7")))
    office.upload("retracted.csv", csv(*_days(4, "2022-12-03", "2022-12-04"), TORN, *_shared("2022-12-03", 2)))
    office.retract("retracted.csv")
    office.upload("replaced.csv", csv(*_days(5, "2022-12-05")))
    office.upload("replaced.csv", csv(*_days(5, "2022-12-05", duration=9), b"\n"), on_change="replace")
    office.upload("added.csv", csv(*_days(6, "2022-12-06")))
    office.upload("added.csv", csv(*_days(7, "2022-12-06", "2022-12-08")), on_change="add")
    office.upload("again.csv", csv(*_days(8, "2022-12-07", "2022-12-09")))
    office.retract("again.csv")
    office.upload("again.csv", csv(*_days(8, "2022-12-07", "2022-12-09")), again=True)
    office.upload("refused.csv", b"no,columns\n1,2\n")
    office.upload("worse.csv", csv(*_days(9, "2022-12-07", pairs=1), TORN, TORN, TORN))
    office.upload("quiet.csv", csv(), site="tokyo")
    office.upload("months.csv", csv(*months), site="tokyo")
    office.upload("own.csv", csv(*_days(10, "2022-12-01", "2022-12-31"), TORN, TORN), site="tokyo")
    office.upload("gone.csv", csv(*_days(11, "2022-12-01", "2022-12-02")), site="tokyo")
    office.retract("gone.csv", site="tokyo")
    office.upload("erased.csv", csv(*_days(12, "2022-12-01")), site="tokyo")
    office.erase("erased.csv", site="tokyo")
    office.upload("only.csv", csv(*_days(13, "2022-12-01", "2022-12-02", pairs=6)), site="lima")
    office.upload("refused.csv", b"no,columns\n1,2\n", site="lima")
