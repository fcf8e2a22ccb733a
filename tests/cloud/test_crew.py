"""A crew of worker processes: watched over, started again, stopped together."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iotagg.crew import Crew
from iotagg.errors import NotDeployed
from iotagg.jobs.cloud import Settings
from iotagg.worker import Duties, Worker
from tests.cloud.notes import NOTES, PAUSE, notes_in
from tests.cloud.processes import crew, is_alive
from tests.cloud.test_spot import MetadataService, serving
from tests.cloud.whole import DEADLINE_SECONDS, Given, Whole, counted_here, deployed, result_of, wait_until
from tests.pipeline.csvs import many_pairs, put

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud.processes import RunningCrew

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes below /proc")


def given(folder: Path, name: str = "a.csv", pairs: int = 30) -> Given:
    return Given("paris", put(folder / name, many_pairs(pairs)))


def assert_counted(whole: Whole, files: list[Given], folder: Path) -> None:
    assert result_of(whole.cloud.store) == counted_here(files, folder / "here.db")
    assert whole.left() == {}


def health(file: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.read_text()) if file.exists() else {}
    return found


def members(running: RunningCrew, count: int) -> list[int]:
    wait_until(lambda: len(running.members()) == count, f"{count} processes")
    return running.members()


def test_a_process_that_dies_is_replaced_and_sigterm_ends_them_all(tmp_path: Path) -> None:
    whole, file, state = deployed(visibility_seconds=2), given(tmp_path), tmp_path / "health.json"
    with crew(whole, tmp_path / "log", health_file=state, poll_seconds=1) as running:
        first, second = members(running, 2)
        wait_until(lambda: health(state).get("state") == "working", "a health file")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_alive(first) and len(running.members()) == 2, "another process")
        assert second in running.members()
        whole.drop([file])
        wait_until(lambda: whole.counted(1), "the file is counted")
        whole.drained()
        last = running.members()
        assert running.stop() == 0
        wait_until(lambda: not any(map(is_alive, last)), "they end")
    counts = running.counts()
    assert counts["processes started again"] == 1
    assert counts["files pending"] == 1
    assert f"{-signal.SIGKILL}; starting another" in running.log
    assert "Traceback" not in running.log
    told = health(state)
    assert told | {"at": 0} == {"state": "stopped", "at": 0, "processes": 0, "counts": counts}
    assert abs(time.time() - float(str(told["at"]))) < 60
    assert_counted(whole, [file], tmp_path)


def test_the_processes_end_when_the_one_that_watches_them_is_killed(tmp_path: Path) -> None:
    whole = deployed()
    with crew(whole, tmp_path / "log") as running:
        orphans = members(running, 2)
        running.process.kill()
        wait_until(lambda: not any(map(is_alive, orphans)), "the orphans end")
    assert "Traceback" not in running.log


def test_sigterm_in_the_middle_of_a_file_gives_back_the_rest_at_once(tmp_path: Path) -> None:
    whole, file, notes = deployed(visibility_seconds=300), given(tmp_path, pairs=60), tmp_path / "notes"
    whole.put([file])
    with crew(whole, tmp_path / "log", processes=1, environment={NOTES: str(notes), PAUSE: "0.3"}) as running:
        wait_until(lambda: any(note.kind == "transaction" for note in notes_in(notes)), "a transaction")
        assert running.stop() == 0
    depth = whole.cloud.chunks.depth()
    assert depth.in_flight == 0
    assert depth.waiting > 1
    assert [note for note in notes_in(notes) if note.end == float("inf")] == []
    with crew(whole, tmp_path / "log2", processes=1, idle_seconds=0.5) as running:
        assert running.process.wait(DEADLINE_SECONDS) == 0
    assert running.counts()["chunk messages"] == depth.waiting
    assert_counted(whole, [file], tmp_path)


def test_a_notice_that_the_machine_is_to_be_taken_away_ends_the_crew(tmp_path: Path) -> None:
    whole = deployed()
    with serving(MetadataService) as address:
        environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": address, "AWS_EC2_METADATA_DISABLED": "false"}
        with crew(whole, tmp_path / "log", processes=1, environment=environment) as running:
            assert running.process.wait(DEADLINE_SECONDS) == 0
    assert "this instance is to be interrupted" in running.log


def test_a_health_file_that_cannot_be_written_does_not_keep_the_crew_from_its_work(tmp_path: Path) -> None:
    whole, file = deployed(), given(tmp_path)
    whole.put([file])
    nowhere = tmp_path / "missing" / "health.json"
    with crew(whole, tmp_path / "log", processes=1, health_file=nowhere, idle_seconds=0.5) as running:
        assert running.process.wait(DEADLINE_SECONDS) == 0
    assert f"the health file {nowhere} cannot be written" in running.log
    assert_counted(whole, [file], tmp_path)


@pytest.mark.parametrize("part", ["table", "files_queue_url", "chunks_queue_url"])
def test_a_crew_for_what_is_not_there_says_so_before_it_starts_any_process(part: str) -> None:
    stack = deployed().stack
    with pytest.raises(NotDeployed, match="missing"):
        Crew(replace(stack, **{part: f"{getattr(stack, part)}-missing"}), Settings(), Duties(), 1).run()


def test_a_worker_may_be_stopped_by_a_signal_that_comes_while_it_holds_its_locks() -> None:
    worker = Worker(deployed().cloud)
    stopping = threading.Thread(target=worker.stop, daemon=True)
    with worker._lock, worker._stopping._cond:  # type: ignore[attr-defined]  # what an event holds while it is set
        stopping.start()
        stopping.join(5)
        assert not stopping.is_alive()
