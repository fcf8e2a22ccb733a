from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.cli import tryout

if TYPE_CHECKING:
    import pytest

    from tests.cli.running import Command


def test_the_demonstration_shows_the_whole_job_also_in_a_browser_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iotagg", "demo", "--serve"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    shown_in = tmp_path.with_name("shown.txt")
    with (
        shown_in.open("w") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True, env=environment) as process,
    ):
        assert process.stderr is not None
        said = next(line for line in process.stderr if "answers" in line)
        served = re.search(r":(\d+) answers", said)
        assert served is not None
        asked = HTTPConnection("127.0.0.1", int(served[1]), timeout=30)
        asked.request("GET", "/v1/status")
        assert json.load(asked.getresponse())["flows"] == 310_000
        asked.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    out = shown_in.read_text()
    for shown in (
        "63 files, 177 MB in traffic",
        "31 files: 31 counted",
        "31 files: 31 already counted",
        "fwd_packets_per_flow_stddev",
        "-o pair.svg",
        "flows      310,000",
        "$ iotagg serve",
        "Nothing is left behind",
    ):
        assert shown in out
    assert list(tmp_path.iterdir()) == []


def test_what_is_shown_of_the_cloud_is_in_no_database(run: Command) -> None:
    result = run("demo", "--cloud", "--serve")
    assert result.code == 2
    assert "--serve shows a database" in result.err


def test_the_demonstration_can_be_kept(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_line = tryout._run
    monkeypatch.setattr(
        tryout,
        "_run",
        lambda line: run_line(
            line.replace("--rows 5000 --sites paris,tokyo --anomalies 10", "--rows 600 --sites paris,tokyo")
        ),
    )
    result = run("demo", "--keep", "demo")
    assert result.code == 0
    assert {place.name for place in (tmp_path / "demo").iterdir()} == {"iotagg.db", "pair.svg", "traffic"}
    assert run("demo", "--keep", "demo").err == "iotagg: demo is not empty; name a new folder\n"


def test_sample_traffic_is_what_was_asked_for(run: Command, tmp_path: Path) -> None:
    result = run("sample", "traffic", "--days", "2", "--rows", "100", "--sites", "lab,attic")
    assert result.out.startswith("4 files, ")
    assert sorted(path.name for path in Path("traffic").iterdir()) == ["attic", "lab"]
    outcomes = run("upload", "traffic", "--json").objects()
    assert [(outcome["counted"], outcome["rejected"]) for outcome in outcomes] == [(100, 0)] * 4


def test_impossible_samples_are_wrong_usage(run: Command) -> None:
    result = run("sample", "traffic", "--days", "0")
    assert result.code == 2
    assert "at least 1 day" in result.err
