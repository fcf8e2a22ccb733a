"""A stack that is updated while files are on their way: functions of both versions, and nothing lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from iotagg.cli.main import main
from tests.cloud.engine import unique

if TYPE_CHECKING:
    from pathlib import Path

FILES = 4


@pytest.mark.usefixtures("engine")
def test_an_update_with_messages_in_flight_loses_nothing_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def iotagg(*arguments: str) -> str:
        capsys.readouterr()
        code = main(list(arguments))
        printed = capsys.readouterr()
        assert code == 0, printed.out + printed.err
        return printed.out

    monkeypatch.chdir(tmp_path)
    stack = unique("update")
    iotagg("sample", "traffic", "--days", str(FILES), "--rows", "500", "--sites", "paris")
    iotagg("deploy", stack, "--set", "Rollout=all-at-once", "--yes")
    iotagg("--stack", stack, "upload", "--site", "paris", "traffic/paris")
    told = json.loads(iotagg("deploy", stack, "--set", "FunctionMemory=1024", "--yes", "--json"))
    assert {each["resource"]: each["change"] for each in told["changes"]}["SummarizeVersion"].endswith("eplace")
    waited = iotagg("--stack", stack, "upload", "--site", "paris", "traffic/paris", "--wait", "120", "--json")
    assert {json.loads(line)["state"] for line in waited.splitlines()} <= {"counted", "already counted"}
    iotagg("--db", "here.db", "upload", "--site", "paris", "traffic/paris")
    for question in (["export", "--all"], ["pairs"]):
        assert iotagg("--stack", stack, *question) == iotagg("--db", "here.db", *question)
    iotagg("teardown", stack, "--delete-data", "--yes")
