"""The packages at work: under the Python that they are made for, with what is there beside them and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from iotagg.listing import files
from iotagg.packaging.package import RUNTIME, Package, build_functions, build_worker
from tests.cloud.desk import clean
from tests.cloud.event_sources import EventSource
from tests.cloud.runtime_api import Function
from tests.cloud.whole import DEADLINE_SECONDS, Whole, deployed, wait_until
from tests.packaging.runtime import environment, lambda_runtime_in, runtime_python
from tests.pipeline.csvs import everything, many_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CONTENT = many_pairs(200)


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Python that packages are made for, on the path, so that they have byte code for it."""
    python = runtime_python()
    monkeypatch.setenv("PATH", str(python.parent), prepend=os.pathsep)
    return python


def unpacked(package: Package, folder: Path) -> Path:
    with zipfile.ZipFile(package.file) as archive:
        archive.extractall(folder)
    assert list(folder.glob("iotagg/jobs/__pycache__/cloud.*.pyc"))
    return folder


def counted(whole: Whole) -> bool:
    return [outcome.state for outcome in files(whole.cloud.store)] == ["counted"]


def well(sources: Iterable[EventSource]) -> bool:
    """Say whether no function has failed."""
    for source in sources:
        assert not [function.log for function in source.functions if '"level":"ERROR"' in function.log]
    return True


def test_the_functions_count_a_file_from_their_package(python: Path, tmp_path: Path) -> None:
    package = unpacked(build_functions("arm64", tmp_path / "made"), tmp_path / "task")
    beside = lambda_runtime_in(tmp_path / "runtime")
    whole = deployed(visibility_seconds=5)  # on a busy machine, a cold start may take longer than Lambda grants it
    given = {**whole.stack.environment(), **environment(PYTHONPATH=str(beside))}
    with ExitStack() as running:

        def function(name: str) -> Function:
            made = Function(
                f"lambda_handlers.{name}.handler", task_root=package, environment=given, name=name, python=python
            )
            return running.enter_context(made)

        sources = [
            running.enter_context(EventSource(whole.stack.files_queue_url, [function("summarize")])),
            running.enter_context(EventSource(whole.stack.chunks_queue_url, [function("consolidate")])),
        ]
        whole.cloud.bucket.put_if_absent("incoming/paris/a.csv", CONTENT)
        wait_until(lambda: well(sources) and counted(whole), "not counted")
        assert function("sweep").invoke({})["enqueued"] == 0
    assert everything(whole.cloud.store) == clean(CONTENT)


def test_the_worker_counts_a_file_from_its_package_and_says_that_it_is_well(python: Path, tmp_path: Path) -> None:
    health = tmp_path / "health.json"
    package = unpacked(build_worker("x86_64", tmp_path / "made"), tmp_path / "opt")
    whole = deployed()
    whole.cloud.bucket.put_if_absent("incoming/paris/a.csv", CONTENT)
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    given = environment(PYTHONPATH=str(package), **aws, **whole.stack.environment())
    command = [
        str(python),
        "-S",
        "-m",
        "vm_worker",
        "--processes",
        "1",
        "--stop-when-idle",
        "2",
        "--health-file",
        str(health),
    ]
    with subprocess.Popen(command, cwd="/", env=given, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            wait_until(health.exists, "no health file")
            check = [str(python), "-S", "-m", "vm_worker.healthy", str(health)]
            assert subprocess.run(check, cwd="/", env=given, check=False).returncode == 0
            printed, said = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, said.decode()
    assert b"16 chunk messages" in printed
    assert json.loads(health.read_text("utf-8"))["state"] == "stopped"
    assert everything(whole.cloud.store) == clean(CONTENT)


def test_the_harness_runs_the_runtimes_python(python: Path, tmp_path: Path) -> None:
    handler = tmp_path / "which.py"
    handler.write_text("import sys\ndef handler(event, context): return sys.version\n", "utf-8")
    given = environment(PYTHONPATH=str(lambda_runtime_in(tmp_path / "runtime")))
    with Function("which.handler", task_root=tmp_path, environment=given, python=python) as function:
        assert str(function.invoke({})).startswith(RUNTIME.removeprefix("python"))
