"""What changes while somebody looks: files that others send, files that are sent here, a server that goes away."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.page.looking import Looked
from tests.pipeline.csvs import csv, flow, put
from tests.web.served import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

SECONDS = 2.0


@pytest.fixture
def database(filled: Path, tmp_path: Path) -> Path:
    return shutil.copyfile(filled, tmp_path / "own.db")


@pytest.fixture
def own(database: Path, browser: Browser) -> Iterator[Looked]:
    """Return a page over a database that others may change."""
    with serving(database) as server, Looked.at(browser, server) as looked:
        yield looked


def count_elsewhere(database: Path, file: Path) -> None:
    """Let another process count a file."""
    command = [sys.executable, "-m", "iotagg", "--db", str(database), "upload", "--site", "paris", str(file), "--quiet"]
    subprocess.run(command, check=True, capture_output=True)


def test_what_another_process_counts_is_seen_at_once_and_nothing_is_lost(own: Looked, tmp_path: Path) -> None:
    own.go("/files")
    own.page.locator("#live", has_text="Live").wait_for()
    own.page.locator(".rejects summary").click()
    own.page.get_by_text("<script>").wait_for()
    own.page.get_by_label("Name ends with").focus()
    own.page.keyboard.type("csv")
    own.page.evaluate("window.scrollTo(0, 40)")
    own.page.evaluate("window.same = true")
    scrolled = own.page.evaluate("scrollY")
    later = put(tmp_path / "later.csv", csv(flow(day="2022-12-29", packets=4)))
    count_elsewhere(own.served.database, later)
    counted = time.monotonic()
    own.page.get_by_text("later.csv").wait_for()
    assert time.monotonic() - counted < SECONDS
    kept = "[same, document.activeElement.name, document.activeElement.value, document.querySelector('.rejects').open]"
    assert own.page.evaluate(kept) == [True, "name", "csv", True]
    assert own.page.evaluate("scrollY") == scrolled
    assert own.page.get_by_text("<script>").is_visible()


def test_files_are_sent_and_each_is_told_of(own: Looked, tmp_path: Path) -> None:
    good = put(tmp_path / "good.csv", csv(flow(day="2022-12-30")))
    bad = put(tmp_path / "<i>bad.csv", b"no,columns\n1,2\n")
    own.go("/upload")
    own.page.get_by_label("Site").fill("lima")
    own.page.get_by_label("Choose files").set_input_files([good, bad])
    rows = own.page.locator(".sendings li")
    rows.nth(0).get_by_text("counted").wait_for()
    assert "1 flows, 0 rejected" in rows.nth(0).inner_text()
    rows.nth(1).get_by_text("missing").wait_for()
    assert "<i>bad.csv" in rows.nth(1).inner_text()
    own.page.get_by_label("Choose files").set_input_files([good])
    rows.nth(2).get_by_text("already").wait_for()
    own.page.get_by_label("Site").fill("no site")
    own.page.get_by_label("Choose files").set_input_files([good])
    own.page.get_by_text("A site is named by").wait_for()


def test_a_file_that_was_broken_off_is_sent_again(own: Looked, tmp_path: Path) -> None:
    own.go("/upload")
    own.page.route("**/files?name=*", lambda route: route.abort())
    file = put(tmp_path / "good.csv", csv(flow(day="2022-12-30")))
    own.page.get_by_label("Choose files").set_input_files([file])
    own.page.get_by_text("nothing of it was counted").wait_for()
    own.page.unroute("**/files?name=*")
    own.role("button", "Send again").click()
    own.page.locator(".sendings").get_by_text("counted", exact=False).first.wait_for()
    own.page.get_by_text("1 flows").wait_for()


def test_a_file_is_cancelled_while_it_is_sent(own: Looked, tmp_path: Path) -> None:
    own.go("/upload")
    own.page.route("**/files?name=*", lambda _: None)  # it never gets there
    file = put(tmp_path / "good.csv", csv(flow(day="2022-12-30")))
    own.page.get_by_label("Choose files").set_input_files([file, put(tmp_path / "next.csv", csv(flow()))])
    own.role("button", "Cancel next.csv").click()
    own.page.get_by_text("Not sent.").wait_for()
    own.page.locator("progress").wait_for()
    own.role("button", "Cancel good.csv").click()
    own.page.get_by_text("Cancelled").wait_for()


def test_files_are_dropped(own: Looked) -> None:
    own.go("/upload")
    text = csv(flow(day="2022-12-31")).decode()
    made = "text => { const all = new DataTransfer(); all.items.add(new File([text], 'dropped.csv')); return all; }"
    files = own.page.evaluate_handle(made, text)
    own.page.locator(".drop").dispatch_event("drop", {"dataTransfer": files})
    own.page.locator(".sendings").get_by_text("1 flows").wait_for()


def test_a_server_that_is_away_leaves_the_last_figures_and_comes_back(database: Path, browser: Browser) -> None:
    with ExitStack() as later:
        with serving(database) as server:
            looked = later.enter_context(Looked.at(browser, server))
            looked.go("/")
            looked.page.locator("#live", has_text="Live").wait_for()
            shown = looked.page.locator("main").inner_text()
        looked.page.locator("#live", has_text="Server away").wait_for()
        assert looked.page.locator("main").inner_text() == shown
        again = later.enter_context(serving(database, port=server.port))
        assert isinstance(again, Served)
        looked.page.locator("#live", has_text="Live").wait_for()


def test_without_a_stream_it_asks_now_and_then(own: Looked) -> None:
    own.page.route("**/v1/changes", lambda route: route.fulfill(status=404, body="{}"))
    own.go("/")
    own.page.locator("#live", has_text="Asks every 10 s").wait_for()


def test_a_database_with_nothing_in_it_says_how_to_begin(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path / "new.db") as server, Looked.at(browser, server) as looked:
        for path in ("/", "/top", "/anomalies", "/files", "/upload"):
            looked.go(path)
            assert looked.page.locator("main > .view").count() == 1
        looked.go("/")
        looked.page.get_by_text("Nothing is counted yet.").wait_for()
