from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from iotagg.core.tolerance import Tolerance
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import TORN, csv, flow, put
from tests.web.served import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL, PARIS = "of-someone-who-may-all", "of-someone-of-paris"
WRITES_ALL, WRITES_PARIS, PAST = "of-someone-who-fills-all", "of-someone-who-fills-paris", "of-someone-who-left"
_LINES = [
    ("anna", ALL, "*"),
    ("paris-office", PARIS, "paris,lima"),
    ("ben", WRITES_ALL, "* write until=9999-12-31"),
    ("paris-branch", WRITES_PARIS, "paris,lima write"),
    ("carl", PAST, "* write until=2022-12-31"),
]


def fill(database: Path, flows: Path) -> None:
    days = [f"2022-{month:02}-{day:02}" for month in (11, 12) for day in range(1, 29)]
    with closing(SqliteStore(database)) as store:
        for site, place in (("paris", 1), ("tokyo", 2)):
            rows = [
                flow(f"192.168.{place}.7", f"192.0.2.{peer}", day, 10**9 * peer + number, number + peer)
                for number, day in enumerate(days)
                for peer in range(1, 6)
            ]
            rows += [flow(f"192.168.{place}.7", f"203.0.113.{peer}", "2022-12-27", 5, 9) for peer in range(40)]
            file = put(flows / site / "month.csv", csv(*rows, TORN, TORN))
            assert upload(store, file, Request(site, tolerance=Tolerance.parse("5%"))).state == "counted"
        upload(store, put(flows / "paris" / "bad.csv", b"no,columns\n1,2\n"), Request("paris"))


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    fill(folder / "iotagg.db", folder / "flows")
    return folder / "iotagg.db"


@pytest.fixture(scope="session")
def served(filled: Path) -> Iterator[Served]:
    with serving(filled) as server:
        yield server


def tokens_at(folder: Path) -> Path:
    file = folder / "tokens.txt"
    file.write_text("".join(f"{name} {sha256(each.encode()).hexdigest()} {sites}\n" for name, each, sites in _LINES))
    return file


@pytest.fixture(scope="session")
def guarded(filled: Path) -> Iterator[Served]:
    with serving(filled, "--tokens", str(tokens_at(filled.parent))) as server:
        yield server
