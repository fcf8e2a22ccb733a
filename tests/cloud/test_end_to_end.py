"""Files through the bucket, the queues and real processes come to the same bytes as in a database on this machine.

`IOTAGG_LONG=1 IOTAGG_KILLS=100 IOTAGG_REAL_FILES=FOLDER pytest tests/cloud/test_end_to_end.py -s` does so with a month
of two sites and a folder of real files, kills more processes, and says what they were in the middle of.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cloud.killing import Deaths, Killer, chunk_counts
from tests.cloud.notes import NOTES, PAUSE, meetings, notes_in
from tests.cloud.processes import TWICE, crew, functions
from tests.cloud.whole import Given, Result, Whole, counted_here, deployed, real_files, result_of, write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

LONG = bool(os.environ.get("IOTAGG_LONG"))
KILLS = int(os.environ.get("IOTAGG_KILLS", "4"))
KILLS_IN_A_ROUND = 25
PAUSE_SECONDS = "0.02"  # a transaction takes a little longer, so that processes are killed in it more often
SECONDS = 600 if LONG else 300

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")


@dataclass(frozen=True)
class Traffic:
    """Files, and what they come to."""

    files: list[Given]
    expected: Result


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    folder = tmp_path_factory.mktemp("traffic")
    files = write_files(folder / "files", days=15 if LONG else 2, rows=5_000 if LONG else 300) + real_files()
    return Traffic(files, counted_here(files, folder / "here.db"))


@pytest.fixture(scope="module")
def less(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    folder = tmp_path_factory.mktemp("less")
    files = write_files(folder / "files", days=6 if LONG else 1, rows=2_000 if LONG else 300)
    return Traffic(files, counted_here(files, folder / "here.db"))


@pytest.fixture
def month_or_less(request: pytest.FixtureRequest) -> Traffic:
    found: Traffic = request.getfixturevalue("traffic" if LONG else "less")
    return found


def told(text: str) -> None:
    print(f"\n{text}")  # noqa: T201 (the figures are what the run by hand is for)


def assert_all_is_counted(whole: Whole, traffic: Traffic) -> None:
    result = result_of(whole.cloud.store)
    assert result.files == traffic.expected.files
    assert result.export == traffic.expected.export
    assert whole.left() == {}


def test_the_files_hold_what_the_tests_are_about(traffic: Traffic) -> None:
    states = {state["state"] for state in traffic.expected.files.values()}
    assert states == {"counted", "refused"}
    assert traffic.expected.export.count(b"\n") > 400


def test_functions_count_duplicated_and_shuffled_messages_as_one_machine_counts_files(month_or_less: Traffic) -> None:
    whole = deployed()
    whole.put(month_or_less.files)
    assert whole.send_twice(seed=1) == len(month_or_less.files)
    begin = time.monotonic()
    with functions(whole, environment={TWICE: "1"}, shuffle=True, duplicate=0.5, seed=1) as sources:
        whole.drained(SECONDS)
        for source in sources:
            source.drained(SECONDS)
        assert [source.errors for source in sources] == [[], []]
    told(f"functions: {len(month_or_less.files)} files in {time.monotonic() - begin:.1f} s")
    assert_all_is_counted(whole, month_or_less)


def test_a_worker_counts_duplicated_and_shuffled_messages_as_one_machine_counts_files(
    month_or_less: Traffic, tmp_path: Path
) -> None:
    whole = deployed()
    whole.put(month_or_less.files)
    assert whole.send_twice(seed=2) == len(month_or_less.files)
    begin = time.monotonic()
    with crew(whole, tmp_path / "log", environment={TWICE: "2"}) as running:
        whole.drained(SECONDS)
        told(f"worker: {len(month_or_less.files)} files in {time.monotonic() - begin:.1f} s")
        assert running.stop() == 0
    assert_all_is_counted(whole, month_or_less)


def rounds_of_kills(
    traffic: Traffic,
    folder: Path,
    running: Callable[[Whole, dict[str, str]], AbstractContextManager[object]],
) -> Deaths:
    deaths = Deaths()
    while deaths.kills < KILLS:
        whole, notes = deployed(visibility_seconds=2), folder / f"notes{deaths.rounds}"
        whole.endure()
        whole.put(traffic.files)
        killer = Killer(notes, kills=min(KILLS_IN_A_ROUND, KILLS - deaths.kills), seed=deaths.rounds)
        with running(whole, {NOTES: str(notes), PAUSE: PAUSE_SECONDS, TWICE: str(deaths.rounds)}):
            killer.start()
            try:
                whole.drained(SECONDS)
            finally:
                killer.stop()
        assert killer.kills, "the work was over before anybody was killed"
        deaths.add(killer.kills, notes_in(notes), chunk_counts(whole.cloud.store))
        assert_all_is_counted(whole, traffic)
    return deaths


def test_a_worker_whose_processes_are_killed_at_any_moment_counts_each_file_once(less: Traffic, tmp_path: Path) -> None:
    deaths = rounds_of_kills(
        less, tmp_path, lambda whole, environment: crew(whole, tmp_path / "log", environment=environment)
    )
    told(f"worker: {deaths}")
    assert deaths.kills == KILLS


def test_functions_that_are_killed_at_any_moment_count_each_file_once(less: Traffic, tmp_path: Path) -> None:
    deaths = rounds_of_kills(
        less, tmp_path, lambda whole, environment: functions(whole, environment=environment, shuffle=True)
    )
    told(f"functions: {deaths}")
    assert deaths.kills == KILLS


@pytest.fixture
def busy(traffic: Traffic, tmp_path: Path) -> Iterator[tuple[Whole, Path]]:
    whole, notes = deployed(), tmp_path / "notes"
    whole.put(traffic.files)
    yield whole, notes
    assert_all_is_counted(whole, traffic)


def test_two_workers_and_functions_never_write_a_pair_at_the_same_time(
    busy: tuple[Whole, Path], tmp_path: Path
) -> None:
    whole, notes = busy
    environment = {NOTES: str(notes)}
    with ExitStack() as running:
        for number in range(2):
            running.enter_context(crew(whole, tmp_path / f"log{number}", processes=1, environment=environment))
        running.enter_context(functions(whole, environment=environment))
        whole.drained(SECONDS)
    noted = [note for note in notes_in(notes) if note.kind == "transaction"]
    workers = {note.pid for note in noted}
    told(f"{len(noted)} transactions of {len(workers)} workers, {meetings(noted)} met another at a pair")
    assert len(workers) == 3
    assert meetings(noted) == 0
