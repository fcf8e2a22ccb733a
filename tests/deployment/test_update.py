"""A stack that is updated while files are on their way: functions of both versions, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cloud.engine import unique
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = 4


def iotagg(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "iotagg", *arguments],
        cwd=folder,
        env=None,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("engine")
def test_an_update_with_messages_in_flight_loses_nothing_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stack = unique("update")
    iotagg(tmp_path, "sample", "traffic", "--days", str(FILES), "--rows", "500", "--sites", "paris")
    iotagg(tmp_path, "deploy", stack, "--set", "Rollout=all-at-once", "--yes")
    iotagg(tmp_path, "--stack", stack, "upload", "--site", "paris", "traffic/paris")
    told = json.loads(iotagg(tmp_path, "deploy", stack, "--set", "FunctionMemory=1024", "--yes", "--json"))
    assert {each["resource"]: each["change"] for each in told["changes"]}["SummarizeVersion"].endswith("eplace")
    waited = iotagg(tmp_path, "--stack", stack, "upload", "--site", "paris", "traffic/paris", "--wait", "120", "--json")
    assert {json.loads(line)["state"] for line in waited.splitlines()} <= {"counted", "already counted"}
    iotagg(tmp_path, "--db", "here.db", "upload", "--site", "paris", "traffic/paris")
    for question in (["export", "--all"], ["pairs"]):
        assert iotagg(tmp_path, "--stack", stack, *question) == iotagg(tmp_path, "--db", "here.db", *question)
    iotagg(tmp_path, "teardown", stack, "--delete-data", "--yes")
