"""The smallest run of what is measured with an engine: everything works, agrees, and can be shown and drawn."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import compute, growth, storage, top
from bench.consolidated_csv import merged, read_totals
from bench.growth_section import FIRST, IOTAGG, LAST
from bench.growth_traffic import GrowthTraffic
from bench.options import Options
from bench.report import markdown, save_plots
from bench.setting import SITE, totals_of
from bench.top_filling import fill
from bench.top_traffic import traffic
from iotagg.core.books import Held
from iotagg.core.ranks import rank_of
from iotagg.stores.sqlite import SqliteStore
from tests.examples import long_only

if TYPE_CHECKING:
    from bench.report import Section

REPOSITORY = Path(__file__).parents[2]
FIGURES = st.lists(st.integers(0, 10**12), min_size=5, max_size=5)
TOTALS = st.dictionaries(
    st.sampled_from([f"10.0.0.{n},192.0.2.{m},".encode() for n in range(30) for m in (1, 11)]), FIGURES
)


def run_quickly(part: str, folder: Path) -> str:
    """Run a part as people do and return what it printed; its results are kept."""
    command = [sys.executable, "-m", "bench", part, "--quick", "--keep", str(folder), "--cache", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


PARTS = [
    ("growth", growth.run),
    ("storage", storage.run),
    pytest.param("compute", compute.run, marks=long_only),
    pytest.param("top", top.run, marks=long_only),
]


@pytest.mark.parametrize(("part", "run"), PARTS)
def test_the_smallest_run_of_a_part_is_shown_drawn_and_shown_again(part: str, run: object, tmp_path: Path) -> None:
    printed = run_quickly(part, tmp_path)
    section: Section = run(Options(quick=True, keep=tmp_path, again=True))  # type: ignore[operator]  # a part's run()
    assert printed.strip() == markdown(section, "performance").strip()
    save_plots(section, tmp_path)
    assert {file.stem for file in tmp_path.glob("*.svg")} == {plot.name for plot in section.all_plots()}
    if part == "growth":
        costs = {
            (each["month"], each["requests"], each["write_units"])
            for each in Options(keep=tmp_path).kept_results(part)
            if each.get("way") == IOTAGG and "write_units" in each
        }
        (first,), (last,) = ([cost[1:] for cost in costs if cost[0] == month] for month in (FIRST, LAST))
        assert last == first, "a later file costs what an early one does"


@given(TOTALS, TOTALS)
def test_a_consolidated_csv_holds_the_sum_of_all_that_is_merged_into_it(
    one: dict[bytes, list[int]], other: dict[bytes, list[int]]
) -> None:
    both = merged(merged(b"", one), other)
    assert both == b"".join(sorted(both.splitlines(keepends=True)))
    expected = {
        key: [a + b for a, b in zip(one.get(key, [0] * 5), other.get(key, [0] * 5), strict=True)] for key in one | other
    }
    assert read_totals(both) == expected


def test_files_of_growth_have_one_size_and_speak_of_what_is_stored(tmp_path: Path) -> None:
    traffic = GrowthTraffic(stored=500, rows=300, pairs=30)
    stored = {(row.source, row.destination) for chunk in traffic.stored_chunks() for row in chunk}
    number = 700
    totals = totals_of(traffic.write(tmp_path, number))
    assert (totals.lines.counted, len(totals.days)) == (300, 30)
    assert {key[:2] for key in totals.days} <= stored
    assert len(stored) == 500
    assert len(traffic.consolidated().splitlines()) == 500


def test_a_database_that_is_filled_at_once_holds_what_the_store_would_put_there(tmp_path: Path) -> None:
    months = [month for both in islice(traffic(1_000), 40) for month in both if month is not None]
    at_once, one_by_one = tmp_path / "at-once.db", tmp_path / "one-by-one.db"
    fill(at_once, months)
    with closing(SqliteStore(one_by_one)) as store, store.atomically():
        store.refuse(SITE, "known.csv", None)
        for month in months:
            assert store.correct(Held(SITE, month.source, month.destination, month.month, {}), month.sums)
            assert store.put_rank(SITE, month, rank_of(month, stands_out=False, steady=False))
        store.sum_devices(SITE)
    assert _rows(at_once) == _rows(one_by_one)


def _rows(database: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = ((name, connection.execute(f"SELECT * FROM {name}")) for name in tables)  # noqa: S608 (its own names)
        return {name: sorted(map(str, rows)) for name, rows in found}
