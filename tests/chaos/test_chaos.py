"""Short runs; `make chaos` makes long ones, `python -m tests.chaos --help` says of what kind."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.chaos.checking import Asker, check
from tests.chaos.lanes import Job, Lane, look_after
from tests.chaos.options import Options
from tests.chaos.run import run
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")


def test_files_uploaded_by_processes_that_are_killed_all_the_time_count_once_each(tmp_path: Path) -> None:
    options = Options("sqlite", files=60, seconds=6, gap=(0.2, 0.8), at_least=6)
    result = run(options, tmp_path)
    print("\n".join(result.lines()))  # noqa: T201 (shown where it fails)
    assert result.differing == []
    assert all(lane.counts["killed"] >= 5 for lane in result.story.lanes)
    assert len(result.story.rounds) == 6


def test_files_counted_by_workers_that_are_killed_all_the_time_count_once_each(tmp_path: Path) -> None:
    options = Options("roto", files=40, seconds=6, gap=(0.4, 1.2))
    result = run(options, tmp_path)
    print("\n".join(result.lines()))  # noqa: T201 (as above)
    assert result.differing == []
    assert all(lane.counts["killed"] >= 2 for lane in result.story.lanes)


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Asker, Traffic, Path]:
    database = tmp_path / "iotagg.db"
    ask, traffic = Asker({"IOTAGG_DB": str(database)}), Traffic.written(tmp_path / "flows", 12, seed=3)
    for site in ("paris", "tokyo"):
        ask("upload", "--site", site, str(tmp_path / "flows" / site))
    for file in traffic.files:
        file.counted()
    assert check(ask, traffic).differing == []
    return ask, traffic, database


def test_a_pair_that_is_missing_and_a_figure_that_is_wrong_are_found(counted: tuple[Asker, Traffic, Path]) -> None:
    ask, traffic, database = counted
    with closing(sqlite3.connect(database)) as connection:
        *pair, sums = connection.execute("SELECT site, source, destination, month, sums FROM pair_month").fetchone()
        one_more = {name: figure + bool(re.fullmatch(r"p\d\d", name)) for name, figure in json.loads(sums).items()}
        damaged = json.dumps(one_more, separators=(",", ":"))
        of_the_pair = "WHERE site = ? AND source = ? AND destination = ? AND month = ?"
        with connection:
            connection.execute(f"UPDATE pair_month SET sums = ? {of_the_pair}", (damaged, *pair))  # noqa: S608 (its own constants)
        wrong = check(ask, traffic).differing
        with connection:
            connection.execute(f"DELETE FROM pair_month {of_the_pair}", pair)  # noqa: S608 (its own constants)
        missing = check(ask, traffic).differing
    row = ",".join(pair[:3]) + ","
    assert [line for line in wrong if line.startswith(f"export has {row}")]
    assert [line for line in missing if line.startswith(f"export lacks {row}")]


def test_a_file_that_is_missing_or_one_too_many_is_found(counted: tuple[Asker, Traffic, Path]) -> None:
    ask, traffic, _ = counted
    missing = traffic.files.pop()
    assert any(missing.name in line for line in check(ask, traffic).differing)
    traffic.files.append(missing)
    missing.retracted()
    assert any(missing.name in line for line in check(ask, traffic).differing)


def test_a_command_that_fails_is_told_of_and_one_that_is_killed_is_started_again(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 (seeded moments, no secret)
    lane = Lane("lane", tmp_path / "log", {"IOTAGG_DB": str(tmp_path / "iotagg.db")}, chance, (0, 0.01))
    lane.jobs = deque([Job(("export", "--all"))])
    while lane.counts["killed"] < 3:
        look_after([lane], kill=True)
    assert lane.busy
    while lane.busy:
        look_after([lane], kill=False)
    assert lane.counts["started"] == 4
    (complaint,) = lane.complaints
    assert "no database" in complaint
