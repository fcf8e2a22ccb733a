"""The worker's container, as far as it can be tried without an engine: what its file says, and the commands in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotagg.packaging.package import RUNTIME
from tests.packaging.runtime import environment, runtime_python
from tests.project.tree import ROOT
from vm_worker.healthy import OLD_SECONDS, trouble

if TYPE_CHECKING:
    from tests.packaging.made import Made

NOW = 1_671_000_000


def instructions() -> dict[str, str]:
    """Return what follows each instruction of the Containerfile; each stands there once."""
    text = (ROOT / "vm_worker" / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    found = {name: rest.strip() for name, _, rest in lines}
    assert len(found) == len(lines)
    return found


def command(text: str) -> list[str]:
    """Return a command in the form that needs no shell."""
    words: list[str] = json.loads(text)
    return words


def test_the_image_has_the_runtimes_python_and_may_be_named_by_its_digest() -> None:
    name, _, image = instructions()["ARG"].partition("=")
    assert re.fullmatch(r"public\.ecr\.aws/docker/library/python:([\d.]+)-slim", image)
    assert f":{RUNTIME.removeprefix('python')}-slim" in image
    assert instructions()["FROM"] == f"${{{name}}}"


def test_what_is_copied_is_the_package_and_lies_where_python_looks(worker: Made) -> None:
    *options, source, target = instructions()["COPY"].split()
    assert (source, options) == (".", ["--chmod=0755"])  # whoever unpacked it, the worker may read it
    assert (worker.folder / source / "vm_worker" / "__main__.py").is_file()
    assert dict([instructions()["ENV"].split("=")]) == {"PYTHONPATH": target}


def test_it_runs_as_nobody_in_particular_and_is_stopped_as_a_service_is() -> None:
    user, _, group = instructions()["USER"].partition(":")
    assert min(int(user), int(group)) >= 10_000
    assert instructions()["STOPSIGNAL"] == "SIGTERM"
    assert not {"RUN", "ADD", "VOLUME", "EXPOSE"} & set(instructions())


def test_what_it_starts_is_the_worker_with_the_health_file_that_is_looked_at() -> None:
    python, option, module, *arguments = command(instructions()["ENTRYPOINT"])
    assert (python, option, module) == ("python", "-m", "vm_worker")
    assert find_spec(f"{module}.__main__")
    health = instructions()["HEALTHCHECK"].partition("CMD ")[2]
    assert arguments == ["--health-file", command(health)[-1]]


@pytest.mark.parametrize("python", ["this", RUNTIME])
@pytest.mark.parametrize(("age", "exit_code"), [(0, 0), (60, 1)])
def test_the_health_check_tells_a_fresh_file_from_an_old_one(
    worker: Made, tmp_path: Path, python: str, age: int, exit_code: int
) -> None:
    file = tmp_path / "health.json"
    health = {"state": "working", "at": int(time.time()) - age, "processes": 1, "counts": {}}
    file.write_text(json.dumps(health), "utf-8")
    chosen = runtime_python() if python == RUNTIME else Path(sys.executable)
    words = command(instructions()["HEALTHCHECK"].partition("CMD ")[2])
    done = subprocess.run(
        [str(chosen), *words[1:-1], str(file)],
        cwd="/",
        env=environment(PYTHONPATH=str(worker.folder)),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == exit_code, done.stderr
    assert bool(done.stderr) == bool(exit_code)


AS_NOBODY = """
import pwd, runpy
def nobody(number):
    raise KeyError(number)
pwd.getpwuid = nobody
runpy.run_module("vm_worker", run_name="__main__")
"""


def test_the_worker_needs_no_home_folder(worker: Made) -> None:
    words = [sys.executable, "-S", "-c", AS_NOBODY]
    given = environment(PYTHONPATH=str(worker.folder))
    run = subprocess.run(words, cwd="/", env=given, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("iotagg: IOTAGG_BUCKET and IOTAGG_TABLE and")
    assert run.stderr.count("\n") == 1


def test_what_is_wrong_with_a_worker_is_said(tmp_path: Path) -> None:
    file = tmp_path / "health.json"

    def said(text: str) -> str:
        file.write_text(text, "utf-8")
        return trouble(file, NOW)

    assert trouble(file, NOW) == f"no health file {file}: the worker has not begun, or cannot write it"
    for text in ("", "{", "[]", "{}", '{"state": "working"}', '{"state": "working", "at": "now"}', "null"):
        assert said(text).startswith("no health file")
    assert not said(json.dumps({"state": "working", "at": NOW - OLD_SECONDS}))
    late = json.dumps({"state": "working", "at": NOW - OLD_SECONDS - 1})
    assert said(late) == "the worker has not written its health file for 31 s"
    assert said(json.dumps({"state": "stopped", "at": NOW})) == "the worker is stopped"
