"""What tests of deployments share: an engine that knows CloudFormation.

The engine is ministack, on a free port of the loopback, one for each process that runs tests. IOTAGG_TEST_MINISTACK
names its program, which lives in an environment of its own; without it, these tests are skipped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.cloud.engine import ENVIRONMENT, SUITE, free_port, unique
from tests.deployment.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "IOTAGG_TEST_MINISTACK"
START_SECONDS = 60


@contextmanager
def running_ministack(program: str, folder: Path) -> Iterator[str]:
    port = free_port()
    # Only what it needs: nothing of the person's own account, and no proxy.
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    environment |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [program],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that what it starts can be ended with it
    )
    try:
        _wait_until_healthy(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"ministack does not answer on port {port} (exit code {process.poll()})")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = os.environ.get(PROGRAM, "")
    if not program:
        pytest.skip(f"needs an engine that knows CloudFormation; {PROGRAM} names its program")
    with running_ministack(program, tmp_path_factory.mktemp("ministack")) as address:
        yield address


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, models_read_once: None) -> None:
    """Let boto3 find nobody's credentials, and nothing of the person's own account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "IOTAGG_"))]:
        if name not in SUITE | {PROGRAM}:
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def engine(nobody: None, ministack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack)
    return ministack


@pytest.fixture
def name() -> str:
    return unique("toy")


@pytest.fixture
def desk(engine: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    found = Desk(name, monkeypatch, capsys)
    found.ships()
    return found
