from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from iotagg.core.tolerance import Tolerance
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from tests.page.looking import Looked, free_tabs, program
from tests.pipeline.csvs import csv, flow, put
from tests.web.served import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

TOKEN, READS, OLD = "of-someone-who-may-all", "of-someone-who-reads", "of-someone-who-left"
DAYS = [f"2022-{month:02}-{day:02}" for month in (11, 12) for day in range(1, 29)]
HOSTILE = "<img src=x onerror=alert(1)>\u202e=HYPERLINK(1).csv"
HOSTILE_LINE = b'"<script>alert(1)</script>",192.0.2.1,=2022,1,1\n'
PEERS = 1_000
SILENT_SINCE = "2022-12-20"


def fill(database: Path, flows: Path) -> None:
    """Count a file of each of two sites, with a day that stands out, rejected lines, and a device with many peers."""
    with closing(SqliteStore(database)) as store:
        for site, place in (("paris", 1), ("tokyo", 2)):
            rows = [
                each
                for number, day in enumerate(DAYS)
                for peer in range(1, 6)
                for each in (
                    flow(f"192.168.{place}.7", f"192.0.2.{peer}", day, 10**9 * peer + number, number + peer),
                    flow(f"192.0.2.{peer}", f"192.168.{place}.7", day, 10**8 * peer, 3),
                )
            ]
            rows += [flow(f"192.168.{place}.7", f"203.0.113.{peer}", "2022-12-27", 5, 9) for peer in range(40)]
            rows += [flow(f"192.168.{place}.7", "192.0.2.1", "2022-12-20", 10**9) for _ in range(400)]
            rows += [flow(f"192.168.{place}.8", "192.0.2.9", day) for day in DAYS if day < SILENT_SINCE]
            tolerance = Tolerance.parse("5%")
            file = put(flows / site / "month.csv", csv(*rows))
            assert upload(store, file, Request(site, tolerance=tolerance)).state == "counted"
        many = csv(*(flow("10.0.0.1", f"10.1.{peer // 250}.{peer % 250}", DAYS[-1], peer + 1) for peer in range(PEERS)))
        assert upload(store, put(flows / "many.csv", many), Request("paris")).state == "counted"
        odd = put(flows / HOSTILE, csv(*(100 * [flow()]), HOSTILE_LINE))
        assert upload(store, odd, Request("paris", tolerance=Tolerance.parse("5%"))).state == "counted"
        assert upload(store, put(flows / "bad.csv", b"<b>no,columns\n1,2\n"), Request("tokyo")).state == "refused"


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    fill(folder / "iotagg.db", folder / "flows")
    return folder / "iotagg.db"


@pytest.fixture(scope="session")
def served(filled: Path) -> Iterator[Served]:
    with serving(filled) as server:
        yield server


@pytest.fixture(scope="session")
def guarded(filled: Path) -> Iterator[Served]:
    tokens = filled.parent / "tokens.txt"
    lines = [("anna", TOKEN, "* write"), ("reader", READS, "*")]
    tokens.write_text("".join(f"{name} {sha256(each.encode()).hexdigest()} {rest}\n" for name, each, rest in lines))
    with serving(filled, "--tokens", str(tokens)) as server:
        yield server


# For these tests alone: while it is open, its event loop is the one of the thread, and others could begin none.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="looking at pages needs playwright, of the extra test")
    found = program()
    if found is None:
        pytest.skip("no Chromium is on the path, and IOTAGG_TEST_CHROMIUM names none")
    with sync_api.sync_playwright() as playwright:
        # As root, and in a container without user namespaces, it has no sandbox of its own.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        free_tabs.clear()
        opened.close()


@pytest.fixture
def looked(browser: Browser, served: Served) -> Iterator[Looked]:
    with Looked.at(browser, served) as page:
        yield page


@pytest.fixture
def stranger(browser: Browser, guarded: Served) -> Iterator[Looked]:
    with Looked.at(browser, guarded) as page:
        yield page
