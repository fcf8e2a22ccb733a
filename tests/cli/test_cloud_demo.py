from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotagg.aws import local
from iotagg.errors import IotaggError

if TYPE_CHECKING:
    import subprocess

    from tests.cli.running import Command


def test_the_demonstration_compares_a_stack_with_a_database_and_leaves_nothing(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = dict(os.environ)
    result = run("demo", "--cloud")
    assert (result.code, result.err) == (0, "")
    for shown in (
        "3 files: 3 counted",
        "3 files: 3 already counted",
        "after the uploads: 76,337 bytes, the same as from a database file",
        "retracted        incoming/paris/paris/data-20221201.csv",
        "after taking one out: 68,857 bytes, the same as from a database file",
        "6 files counted in ",
        "Nothing is left behind.",
    ):
        assert shown in result.out
    assert dict(os.environ) == before
    assert list(tmp_path.iterdir()) == []


def test_the_engine_ends_with_its_use_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[subprocess.Popen[bytes]] = []
    stop = local.stop

    def noted(process: subprocess.Popen[bytes]) -> None:
        stop(process)
        stopped.append(process)

    monkeypatch.setattr(local, "stop", noted)
    with pytest.raises(ZeroDivisionError), local.running_engine() as address:  # noqa: PT012 (what is raised is the point)
        assert address.startswith("http://127.0.0.1:")
        raise ZeroDivisionError
    assert [process.poll() is None for process in stopped] == [False]


def test_without_the_engine_its_extra_is_named(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PROGRAM", "no-such-server")
    result = run("demo", "--cloud")
    assert result.code == 1
    assert result.err == (
        "iotagg: no-such-server, which stands in for AWS, is not installed: pip install 'iotagg[local]'\n"
    )


def test_an_engine_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setattr(local, "_program", lambda: str(program))
    with pytest.raises(IotaggError, match=r"does not open port \d+ \(exit code 7\)"), local.running_engine():
        pass


def test_the_environment_of_the_engine_lasts_as_long_as_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("IOTAGG_DB", "mine.db")
    before = dict(os.environ)
    with local.environment_for("http://127.0.0.1:1"):
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        assert not {"AWS_PROFILE", "IOTAGG_DB"} & set(os.environ)
    assert dict(os.environ) == before
    assert not Path("worker.log").exists()
