"""A stand-in for AWS on this machine, for as long as it is needed: roto, from the extra `local`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.errors import IotaggError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
_PROGRAM = "roto-server"
_START_SECONDS = 30
_STOP_SECONDS = 5
_GLANCE_SECONDS = 0.02
# What boto3 reads. Nobody's credentials: the engine takes any, and these are good for nothing else.
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextmanager
def running_engine() -> Iterator[str]:
    """Start the engine on a free port of the loopback and give its address; it ends with all its data at the end.

    Raises MissingExtra where it is not installed, IotaggError where it does not start.
    """
    program = _program()
    port = _free_port()
    arguments = [program, "--host", "127.0.0.1", "--port", str(port), "--ephemeral"]
    with _running(arguments) as process:
        _wait_until_open(port, process)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 (a program that was installed with iotagg, and arguments made here)
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program, kindly first."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def environment_for(endpoint: str) -> Iterator[None]:
    """Let this process, and those it starts, use an engine at an address only, until the end."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("AWS_", "IOTAGG_")):
            del os.environ[name]
    os.environ.update(_ENVIRONMENT, AWS_ENDPOINT_URL=endpoint, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _program() -> str:
    beside = Path(sys.executable).parent / _PROGRAM
    found = str(beside) if beside.exists() else shutil.which(_PROGRAM)
    if found is None:
        raise MissingExtra(f"{_PROGRAM}, which stands in for AWS, is not installed: pip install 'iotagg[local]'")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_GLANCE_SECONDS)
    raise IotaggError(f"{_PROGRAM} does not open port {port} (exit code {process.poll()}); try again")
