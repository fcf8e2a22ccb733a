"""Takes the picture of the overview that the README shows, of a sample month: python -m docs.screenshots."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Path(__file__).parent / "images" / "dashboard.png"
MOST_BYTES = 150_000
_DAYS = 31
_SITES = ("paris", "tokyo")
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SIZE_WIDE, _SIZE_HIGH = 1_280, 760


def _iotagg(database: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "iotagg", "--db", str(database), *arguments]


def make_month(folder: Path) -> Path:
    """Count a sample month of two sites that ended yesterday, so that no site is silent. Return its database."""
    database, traffic = folder / "iotagg.db", folder / "traffic"
    first = datetime.now(UTC).date() - timedelta(days=_DAYS)
    made = ("sample", str(traffic), "--days", str(_DAYS), "--rows", "5000", "--anomalies", "24", "--seed", "4")
    subprocess.run(_iotagg(database, *made, "--first-day", first.isoformat()), check=True)  # noqa: S603 (the command)
    for file in sorted(traffic.rglob("data-*.csv")):
        _thin(file)
    for site in _SITES:
        subprocess.run(_iotagg(database, "upload", "--site", site, str(traffic / site), "--quiet"), check=True)  # noqa: S603
    return database


def _thin(file: Path) -> None:
    # A sample's files have as many rows each, as no day of a network has.
    chance = Random("/".join(file.parts[-2:]))  # noqa: S311 (the same for the same file, no secret)
    kept = chance.uniform(0.85, 1.0)
    head, *rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(head + b"".join(row for row in rows if chance.random() < kept))


@contextmanager
def served(database: Path) -> Iterator[str]:
    """Serve a database, and yield where."""
    command = _iotagg(database, "serve", "--port", "0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603 (as above)
        try:
            found = re.search(r"http://\S+", server.stderr.readline() if server.stderr else "")
            if found is None:
                sys.exit("iotagg serve did not say where it answers")
            yield found[0]
        finally:
            server.terminate()


def take(address: str, picture: Path) -> None:
    """Take a picture of the overview, in light."""
    program = os.environ.get("IOTAGG_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        sys.exit("no Chromium is on the path; name one in IOTAGG_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _SIZE_WIDE, "height": _SIZE_HIGH}, color_scheme="light")
        page.goto(address)
        page.locator(".tiles").wait_for()
        page.locator("#live", has_text="Live").wait_for()
        page.screenshot(path=picture)
        browser.close()


def main() -> None:
    """Take it anew."""
    PICTURE.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, served(make_month(Path(folder))) as address:
        take(address, PICTURE)
    size = PICTURE.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{PICTURE} has {size:,} bytes, more than {MOST_BYTES:,}")
    print(f"{PICTURE}: {size:,} bytes")  # noqa: T201 (what was made)


if __name__ == "__main__":
    main()
