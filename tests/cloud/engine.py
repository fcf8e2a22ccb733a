"""The engine that stands in for AWS in tests: roto, started on a free port of the loopback, and stopped with its user.

IOTAGG_TEST_ENDPOINT names another one, such as a DynamoDB, S3 and SQS of your own; it is left running.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 30
_ROTO = Path(sys.executable).parent / "roto-server"

# What boto3 reads; the credentials are no one's, engines accept any.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

SUITE = frozenset(("IOTAGG_TEST_ENDPOINT", "IOTAGG_REAL_FILES", "IOTAGG_KILLS"))  # what says how the suite is to run


@contextmanager
def running_engine(data: Path | None = None) -> Iterator[str]:
    """Start roto (in memory, or with its data in a folder) and return its address; stop it at the end."""
    given = os.environ.get("IOTAGG_TEST_ENDPOINT")
    if given:
        yield given
        return
    port = free_port()
    kept = ["--data-dir", str(data)] if data else ["--ephemeral"]
    command: list[str | Path] = [_ROTO, "--port", str(port), *kept]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port of the loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"roto did not open port {port} within {START_SECONDS} s (exit code {process.poll()})")


def unique(name: str) -> str:
    """Return a name that no other test uses on the same engine."""
    return f"{name}-{uuid.uuid4().hex[:12]}"
