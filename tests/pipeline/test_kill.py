"""Uploads that are killed at any moment count each file once; and a store that breaks its promises is noticed.

`IOTAGG_KILLS=100 pytest tests/pipeline/test_kill.py -s` kills more of them and says how many died inside a write.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.killing import Deaths, run_round, write_files

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("IOTAGG_KILLS", "12"))
KILLS_IN_A_ROUND = 6
KILLS_TO_NOTICE = 24

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path / "flows")
    return tmp_path / "flows"


@pytest.mark.parametrize("kind", ["honest", "honest, one by one"])
def test_uploads_killed_at_any_moment_and_run_again_count_each_file_once(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    deaths = Deaths()
    while deaths.kills < KILLS:
        kills = min(KILLS_IN_A_ROUND, KILLS - deaths.kills)
        seed = deaths.rounds
        same = run_round(kind, folder, tmp_path / f"round{seed}", deaths, kills=kills, seed=seed)
        assert same, f"round {seed} differs"
    print(  # noqa: T201 (the figures are what the run by hand is for)
        f"\n{kind}: {deaths.kills} killed in {deaths.rounds} rounds, {deaths.inside} inside a write;"
        f" up to {deaths.most_at_once} at once"
    )
    assert deaths.failed == 0
    assert deaths.kills == KILLS
    assert deaths.inside * 2 >= deaths.kills


@pytest.mark.parametrize("sabotage", ["no markers", "no revisions", "split transaction"])
def test_a_store_that_breaks_its_promises_is_noticed(folder: Path, tmp_path: Path, sabotage: str) -> None:
    deaths = Deaths()
    while deaths.kills < KILLS_TO_NOTICE:
        seed = deaths.rounds
        if not run_round(sabotage, folder, tmp_path / f"round{seed}", deaths, kills=3, seed=seed):
            return
    pytest.fail(f"not noticed in {deaths.kills} kills")
